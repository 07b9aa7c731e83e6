/**
 * Frames of lines, section 4 of `docs/protocol.md`, of which nothing is trusted.
 *
 * @module
 */
import { findLongInteger, type LongInteger } from "../protocol/exact_integers.ts";
import type { ChunkFrame, Frame, ResultFrame, ValueTypes } from "../protocol/frames.ts";
import { type CallbackBody, MAX_CALLBACK_BYTES, readCallback } from "../protocol/functions.ts";
import { type LineSplitter, LineTooLongError } from "../protocol/lines.ts";
import { isLogBody } from "../protocol/log_body.ts";
import type { ErrorBody } from "../protocol/messages.ts";
import { MAX_FRAME_BYTES } from "../protocol/sizes.ts";
import { MalformedReplyError } from "./errors.ts";

/** The lines that a reply's bytes complete, without their ends and without the empty ones; what follows the last line's end is no frame. */
export function completedLines(splitter: LineSplitter, bytes: Uint8Array): string[] {
  try {
    const text = splitter.push(bytes);
    const isOne = text.length > 1 && text.indexOf("\n") === text.length - 1;
    return isOne ? [text.slice(0, -1)] : text.split("\n").filter((line) => line !== "");
  } catch (cause) {
    const what = cause instanceof LineTooLongError ? `a frame longer than ${MAX_FRAME_BYTES} bytes` : "what is no UTF-8";
    throw new MalformedReplyError(`It sent ${what}`, { cause });
  }
}

/**
 * Makes a frame of a line.
 *
 * @throws {MalformedReplyError} When it is none.
 */
export function parseFrame(line: string): Frame {
  const frame = parseJson(line);
  if (typeof frame !== "object" || frame === null) throw malformed(line);
  if (isBare(frame)) return withLongInteger(frame, line);
  const { chunk, callback, result, error, progress, message, log, types } = frame as Record<string, unknown>;
  // A frame of two kinds would be read in two ways.
  if (KINDS.reduce((count, key) => count + Number(Object.hasOwn(frame, key)), 0) !== 1) throw malformed(line);
  if (Object.hasOwn(frame, "chunk")) return { chunk, ...checkedTypes(types, line), ...longIntegerIn(chunk, line) };
  if (Object.hasOwn(frame, "result")) return { result, ...checkedTypes(types, line), ...longIntegerIn(result, line) };
  if (Object.hasOwn(frame, "callback")) {
    return { callback: checkedCallback(callback, line), ...checkedTypes(types, line), ...longIntegerIn(callback, line) };
  }
  if (Number.isFinite(progress) && typeof message === "string") return { progress: progress as number, message };
  if (isLogBody(log)) return { log };
  if (isErrorBody(error)) return { error: plainError(error) };
  throw malformed(line);
}

/** Whether it is a result or a chunk and nothing besides, as most frames are. */
function isBare(frame: object): frame is ChunkFrame | ResultFrame {
  let count = 0;
  for (const key in frame) {
    if (++count > 1 || (key !== "result" && key !== "chunk")) return false;
  }
  return count === 1;
}

function withLongInteger(frame: ChunkFrame | ResultFrame, line: string): Frame {
  const value = "chunk" in frame ? frame.chunk : frame.result;
  const holdsNone = typeof value === "string" || Number.isSafeInteger(value);
  return holdsNone ? frame : { ...frame, ...longIntegerIn(value, line) };
}

const KINDS = ["chunk", "callback", "result", "error", "progress", "log"] as const;

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new MalformedReplyError(`It sent what is no JSON: "${line.slice(0, 80)}"`, { cause });
  }
}

function checkedCallback(value: unknown, line: string): CallbackBody {
  const callback = readCallback(value);
  if (callback === undefined) throw malformed(line);
  if (line.length > MAX_CALLBACK_BYTES) throw new MalformedReplyError(`It sent a callback longer than ${MAX_CALLBACK_BYTES} bytes`);
  return callback;
}

function checkedTypes(types: unknown, line: string): { types?: ValueTypes } {
  if (types === undefined) return {};
  if (typeof types !== "object" || types === null || Array.isArray(types)) throw malformed(line);
  if (Object.values(types).some((type) => typeof type !== "string")) throw malformed(line);
  return { types: types as ValueTypes };
}

/** Where the value stands in the line. */
const VALUE_DEPTH = 1;

function longIntegerIn(value: unknown, line: string): { longInteger?: LongInteger } {
  // A worker sends no integer that is read as infinite (section 6), and one that does is taken at its word.
  const found = findLongInteger(value, () => line, { infinite: false });
  return found === undefined ? {} : { longInteger: { ...found, path: found.path.slice(VALUE_DEPTH) } };
}

function isErrorBody(value: unknown): value is ErrorBody {
  if (typeof value !== "object" || value === null) return false;
  const body = value as Record<string, unknown>;
  return ["code", "type", "message", "traceback"].every((key) => typeof body[key] === "string");
}

/** What is optional is left out when it is not what it should be: a sound error is worth more than a complaint about its label. */
function plainError(body: ErrorBody): ErrorBody {
  const { category, retriable, ...rest } = body;
  return {
    ...rest,
    ...(typeof category === "string" ? { category } : {}),
    ...(typeof retriable === "boolean" ? { retriable } : {}),
  };
}

function malformed(line: string): MalformedReplyError {
  return new MalformedReplyError(`It sent what is no frame: "${line.slice(0, 80)}"`);
}
