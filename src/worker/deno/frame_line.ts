/**
 * Frames as the text that goes over the wire. The plugin's own thread writes that text, so that the control thread hands it on unread
 * and a large value is made into JSON once.
 *
 * @module
 */
import type { Frame, ResultFrame, ValueTypes } from "../../protocol/frames.ts";
import type { LogBody } from "../../protocol/log_body.ts";
import type { ErrorBody } from "../../protocol/messages.ts";
import { MAX_FRAME_BYTES } from "../../protocol/sizes.ts";
import { type FileValue, isFileValue } from "../../protocol/file_values.ts";
import { toPlace, toPointer } from "../../protocol/pointers.ts";
import { FILE_TYPE } from "../../protocol/decode_value.ts";
import {
  type EncodedValue,
  encodeValue,
  type FileSlot,
  fillSlot,
  UnsendableValueError,
  withoutTypes as valueWithoutTypes,
} from "../../protocol/values.ts";
import { errorBody, PluginFailure } from "./error_body.ts";
import type { Outbox } from "./outbox.ts";
import { UnfitFileError } from "./unfit_file.ts";

/** One frame in its final form. */
export interface FrameLine {
  readonly kind: "progress" | "log" | "chunk" | "callback" | "result" | "error";
  /** The frame's JSON, without the newline. */
  readonly text: string;
  /** The same with the newline, as bytes, where they are there already. */
  readonly bytes?: Uint8Array;
  /** The files that the frame hands over. Whoever drops the frame removes them. */
  readonly files?: readonly string[];
  /** Of a callback, by which its answer names it. */
  readonly callback?: number;
}

/** A frame that has come as bytes. Whoever sends it on as it is never makes a text of it. */
export class ReceivedLine implements FrameLine {
  readonly kind: FrameLine["kind"];
  readonly bytes: Uint8Array;

  /** Takes the bytes, with the newline. */
  constructor({ kind, bytes }: { readonly kind: FrameLine["kind"]; readonly bytes: Uint8Array }) {
    this.kind = kind;
    this.bytes = bytes;
  }

  get text(): string {
    return new TextDecoder().decode(this.bytes.subarray(0, -1));
  }
}

/** How long a frame is, about. */
export function lengthOf(line: FrameLine): number {
  return line.bytes?.length ?? line.text.length;
}

/** Whether nothing may follow this frame. */
export function isLastLine(line: FrameLine): boolean {
  return line.kind === "result" || line.kind === "error";
}

/** The frame of a progress report. */
export function progressLine(progress: number, message: string): FrameLine {
  return { kind: "progress", text: JSON.stringify({ progress, message }) };
}

/** The frame of a line that a call has printed. */
export function logLine(log: LogBody): FrameLine {
  return { kind: "log", text: JSON.stringify({ log }) };
}

/** The last frame of a call that failed. */
export function errorLine(error: ErrorBody): FrameLine {
  return { kind: "error", text: JSON.stringify({ error }) };
}

/** The result frame of a value that is known to be plain JSON. */
export function plainResultLine(result: unknown): FrameLine {
  return { kind: "result", text: JSON.stringify({ result }) };
}

/**
 * The frame of a value that a plugin gave.
 *
 * @throws {PluginFailure} With `bad_result`, when no JSON carries the value.
 * @throws Whatever the writing of a file throws.
 */
export async function valueLine(kind: "chunk" | "callback" | "result", given: unknown, outbox: Outbox): Promise<FrameLine> {
  const { value = null, types, slots } = encoded(kind, given);
  if (slots === undefined) return bounded({ kind, text: stringified(kind, value, types) });
  let filled: unknown = value;
  const allTypes: Record<string, string> = { ...types };
  for (const slot of slots) {
    filled = fillSlot(filled, slot, await outbox.handOver(slot.source as FileValue).catch((error) => unfit(kind, slot, error)));
    allTypes[toPointer(slot.path)] = FILE_TYPE;
  }
  const files = outbox.takeFiles();
  return bounded({ kind, text: stringified(kind, filled, allTypes), ...(files.length === 0 ? {} : { files }) });
}

function unfit(kind: string, { path }: FileSlot, error: unknown): never {
  throw error instanceof UnfitFileError ? badResult(`The ${kind} at "${toPlace(path)}" ${error.message}`) : error;
}

function encoded(kind: string, given: unknown): EncodedValue {
  try {
    return encodeValue(given, isFileValue);
  } catch (error) {
    throw error instanceof UnsendableValueError ? unsendable(kind, error) : error;
  }
}

function stringified(kind: string, value: unknown, types: ValueTypes | undefined): string {
  try {
    return JSON.stringify({ [kind]: value, types });
  } catch (error) {
    throw isTooDeep(error) ? badResult(`The ${kind} is nested too deeply`) : error;
  }
}

/** The frame as an object, as it is after its way over the wire. */
export function parseLine(line: FrameLine): Frame {
  return JSON.parse(line.text) as Frame;
}

/**
 * A result or chunk frame as the bare value of a plain reply.
 *
 * @throws {PluginFailure} With `bad_result`, when the value needs the `types` that a plain reply has no place for.
 */
export function plainValue(line: FrameLine): unknown {
  const { types, ...frame } = parseLine(line) as ResultFrame;
  try {
    return valueWithoutTypes({ value: Object.values(frame)[0], types });
  } catch (error) {
    throw error instanceof UnsendableValueError ? unsendable(line.kind, error) : error;
  }
}

/**
 * The same value in a line for a reply that has no place for `types`.
 *
 * @throws {PluginFailure} With `bad_result`, when the value needs them.
 */
export function withoutTypes(line: FrameLine): FrameLine {
  return { ...line, text: JSON.stringify({ [line.kind]: plainValue(line) }) };
}

/** @throws {PluginFailure} For a line that no host would read. */
function bounded(line: FrameLine): FrameLine {
  // No character takes more than three bytes, so that the short ones, which are nearly all, need no count.
  if (line.text.length < MAX_FRAME_BYTES / 3 || new TextEncoder().encode(line.text).length < MAX_FRAME_BYTES) return line;
  throw badResult(`The ${line.kind} is longer than ${MAX_FRAME_BYTES} bytes as JSON; return a large value as a file`);
}

function unsendable(kind: string, error: UnsendableValueError): PluginFailure {
  return badResult(error.message.replace(/^The value/, `The ${kind}`));
}

function badResult(message: string): PluginFailure {
  return new PluginFailure(errorBody("bad_result", new UnsendableResultError(message)));
}

class UnsendableResultError extends TypeError {
  override name = "UnsendableResultError";
  // A stack would show the worker's frames alone: the plugin has returned by now.
  override stack = "";
}

function isTooDeep(error: unknown): boolean {
  return error instanceof RangeError && /call stack/.test(error.message);
}
