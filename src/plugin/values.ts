/**
 * Arguments on their way to a worker and results on their way back.
 *
 * @module
 */
import { lowerFirst, messageOf } from "../protocol/text.ts";
import { CallError, type PluginError, ProtocolError } from "../errors.ts";
import { SourceError } from "../payload/call_files.ts";
import { ForeignFileError, isFileGone } from "../payload/file_result.ts";
import { NoRoomError } from "../payload/scratch.ts";
import { becomesPath } from "../payload/take.ts";
import type { WorkerFiles } from "../payload/worker_files.ts";
import type { ChunkFrame, Frame, ResultFrame } from "../protocol/frames.ts";
import type { LongInteger } from "../protocol/exact_integers.ts";
import {
  decodeValue,
  type EncodedValue,
  encodeValue,
  FILE_TYPE,
  type FileSlot,
  toPlace,
  UnsendableValueError,
  withoutTypes,
} from "../protocol/values.ts";
import { badValueError } from "./failures.ts";
import type { OpenCall, OperationName } from "./open_call.ts";
import type { Body, Operation } from "./operations.ts";

/** An operation whose body was not looked at yet. */
interface RawOperation {
  readonly endpoint: Operation["endpoint"];
  readonly body: Body | undefined;
}

/**
 * Makes the arguments ready for the wire. Only those of calls have room beside them for the names of types that JSON lacks.
 *
 * @throws {CallError} With the code `invalid_arguments`, for what cannot be sent.
 */
export function encodeBody({ endpoint, body }: RawOperation, name: OperationName): EncodedValue {
  if (body === undefined) return { value: undefined };
  try {
    const encoded = encodeValue(body, becomesPath);
    const { value, types } = encoded;
    if (types === undefined) return encoded;
    if (isExecution(endpoint)) return { ...encoded, value: { ...value as object, types } };
    return { ...encoded, value: withoutTypes(encoded) };
  } catch (cause) {
    if (!(cause instanceof UnsendableValueError)) throw cause;
    throw invalidArguments(cause.message, name, cause);
  }
}

/**
 * The text of what is ready for the wire.
 *
 * @throws {CallError} When no text is as long.
 */
export function textOf(value: unknown, name: OperationName): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw invalidArguments("The arguments are too long or nested too deeply for JSON. Give large ones as bytes or as a file", name, cause);
  }
}

/** Arguments that cannot be sent. */
export function invalidArguments(message: string, { plugin, member }: OperationName, cause: unknown): CallError {
  return new CallError("invalid_arguments", `Cannot run "${member}" of "${plugin}": ${lowerFirst(message)}`, { plugin, cause });
}

/** Where files are written. */
interface FilePlaces {
  readonly endpoint: Operation["endpoint"];
  readonly files: WorkerFiles;
}

/**
 * Writes the files that are in the arguments. A configuration's files stay for as long as the worker.
 *
 * @returns Their paths, and how many bytes were written.
 */
export async function writeFiles(slots: readonly FileSlot[], call: OpenCall, { endpoint, files }: FilePlaces): Promise<WrittenFiles> {
  const inputs = files.openCall(call.signal);
  if (isExecution(endpoint)) call.holdFiles(inputs);
  else files.keep(inputs);
  const paths: string[] = [];
  for (const slot of slots) paths.push(await inputs.write(slot.source).catch((cause) => explain(cause, slot, call)));
  return { paths, bytes: inputs.bytes };
}

/** What has become of arguments that are files. */
export interface WrittenFiles {
  readonly paths: readonly string[];
  readonly bytes: number;
}

function explain(cause: unknown, { path }: FileSlot, { name: { plugin, member }, signal }: OpenCall): never {
  if (signal.aborted) throw cause;
  if (cause instanceof ForeignFileError) {
    throw new ProtocolError(`Cannot run "${member}" of "${plugin}": ${cause.message}`, { plugin, cause });
  }
  const reason = lowerFirst(messageOf(cause));
  const what = `Cannot run "${member}" of "${plugin}": the value at "${toPlace(path)}"`;
  if (cause instanceof SourceError) {
    throw new CallError("input_failed", `${what} failed before all of it was read: ${reason}`, { plugin, cause: cause.cause });
  }
  const code = cause instanceof NoRoomError ? "no_room" : "invalid_arguments";
  throw new CallError(code, `${what} cannot become a file: ${reason}`, { plugin, cause });
}

/** Gives a chunk or a result its types and files. */
export function decodeFrame(frame: ChunkFrame | ResultFrame, call: OpenCall): unknown {
  const { name: { plugin, member } } = call;
  const { types, longInteger } = frame;
  const [kind, value] = "chunk" in frame ? ["chunk", frame.chunk] : ["result", frame.result];
  if (longInteger !== undefined) {
    if (call.attempt !== undefined) discardFrame(frame, call.attempt.connection.files);
    throw longIntegerError(longInteger, kind as string, call);
  }
  try {
    return decodeValue(value, types, (raw) => adopt(raw, call));
  } catch (cause) {
    const what = messageOf(cause);
    const advice = isFileGone(cause) ? ". A plugin must not remove what it has given" : "";
    throw new ProtocolError(`Cannot read what "${member}" of "${plugin}" gave: ${what}${advice}`, { plugin, cause });
  }
}

function adopt(raw: unknown, { attempt, trace }: OpenCall): unknown {
  if (attempt === undefined) throw new TypeError("the worker has ended, and its files with it");
  const file = attempt.connection.files.adopt(raw);
  trace?.receive(file.size);
  return file;
}

function longIntegerError({ path, digits }: LongInteger, kind: string, call: OpenCall): PluginError {
  const shown = digits.length > 40 ? `${digits.slice(0, 40)}…` : digits;
  const message = `The ${kind} at "${toPlace(path)}" is the integer ${shown}, which no number of JavaScript holds. Return it as a string`;
  return badValueError(message, call.name);
}

/** Removes the files of a frame for which nobody waits any more. */
export function discardFrame(frame: Frame, files: WorkerFiles): void {
  forEachFile(frame, (raw) => void files.discard(raw));
}

/** Holds the files of a frame that a worker which has ended had sent, until somebody asks for the frame. */
export function holdFrame(frame: Frame, files: WorkerFiles): void {
  forEachFile(frame, (raw) => files.hold(raw));
}

function forEachFile(frame: Frame, visit: (raw: unknown) => void): void {
  if (!("types" in frame)) return;
  const files = Object.entries(frame.types ?? {}).filter(([, type]) => type === FILE_TYPE);
  if (files.length === 0) return;
  const visitFirst = (raw: unknown) => {
    visit(raw);
    return raw; // Whoever decodes the frame itself finds it as it came.
  };
  try {
    decodeValue("chunk" in frame ? frame.chunk : frame.result, Object.fromEntries(files), visitFirst);
  } catch {
    // A frame that cannot be read names no file.
  }
}

/** Whether it is one whose body names the types that JSON lacks. */
export function isExecution(endpoint: Operation["endpoint"]): boolean {
  return endpoint === "execute" || endpoint === "execute_stream" || endpoint === "task";
}
