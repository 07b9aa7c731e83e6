/**
 * Results and chunks on their way back from a worker.
 *
 * @module
 */
import { type PluginError, ProtocolError } from "../errors.ts";
import { type FileResult, isFileGone } from "../payload/file_result.ts";
import type { WorkerFiles } from "../payload/worker_files.ts";
import type { LongInteger } from "../protocol/exact_integers.ts";
import { type Frame, type ValueFrame, valueOf } from "../protocol/frames.ts";
import { messageOf } from "../protocol/text.ts";
import { toPlace } from "../protocol/pointers.ts";
import { decodeValue, FILE_TYPE } from "../protocol/decode_value.ts";
import { badValueError, type OperationName } from "./failures.ts";

/** Whose frame it is. */
interface Receiver {
  readonly name: OperationName;
  /** The files of the worker; `undefined` when it is gone. */
  readonly files: WorkerFiles | undefined;
  /** Hears of each file. */
  readonly trace?: { receive(bytes: number): void };
  /** Is given each file. */
  readonly onFile?: (file: FileResult) => void;
}

/** Gives the value of a frame its types and files. */
export function decodeFrame(frame: ValueFrame, receiver: Receiver): unknown {
  const { types, longInteger } = frame;
  if (types === undefined && longInteger === undefined) return valueOf(frame);
  const { name: { plugin, member }, files } = receiver;
  if (longInteger !== undefined) {
    if (files !== undefined) void discardFrame(frame, files);
    throw longIntegerError(longInteger, "chunk" in frame ? "chunk" : "callback" in frame ? "callback" : "result", receiver);
  }
  try {
    return decodeValue(valueOf(frame), types, { file: (raw) => adopt(raw, receiver, frame.parts) });
  } catch (cause) {
    const what = messageOf(cause);
    const advice = isFileGone(cause) ? ". A plugin must not remove what it has given" : "";
    throw new ProtocolError(`Cannot read what "${member}" of "${plugin}" gave: ${what}${advice}`, { plugin, cause });
  }
}

function adopt(raw: unknown, { files, trace, onFile }: Receiver, parts: ValueFrame["parts"]): unknown {
  if (files === undefined) throw new TypeError("the worker has ended, and its files with it");
  const file = files.adopt(raw, parts);
  trace?.receive(file.size);
  onFile?.(file);
  return file;
}

function longIntegerError({ path, digits }: LongInteger, kind: string, { name }: Receiver): PluginError {
  const shown = digits.length > 40 ? `${digits.slice(0, 40)}…` : digits;
  const message = `The ${kind} at "${toPlace(path)}" is the integer ${shown}, which no number of JavaScript holds. Return it as a string`;
  return badValueError(message, name);
}

/** Removes the files of a frame for which nobody waits any more. `undefined` when it has none. */
export function discardFrame(frame: Frame, files: WorkerFiles): Promise<unknown> | undefined {
  const removals: Promise<void>[] = [];
  forEachFile(frame, (raw) => removals.push(files.discard(raw)));
  return removals.length === 0 ? undefined : Promise.all(removals);
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
    decodeValue(valueOf(frame as ValueFrame), Object.fromEntries(files), { file: visitFirst });
  } catch {
    // A frame that cannot be read names no file.
  }
}
