/**
 * The lines that answer requests on an upgraded connection.
 *
 * @module
 */
import type { Frame } from "../protocol/frames.ts";
import { endOfLine, type LineSplitter } from "../protocol/lines.ts";
import { MalformedReplyError, RefusedError } from "./errors.ts";
import { completedLines, parseFrame } from "./frame_line.ts";

/** What ends a line. */
export const NEWLINE = 0x0a;

/** The lines that the bytes complete, all together; `undefined` when one of them is no text. */
export function linesOf(splitter: LineSplitter, bytes: Uint8Array): readonly string[] | undefined {
  try {
    return completedLines(splitter, bytes);
  } catch (error) {
    if (!(error instanceof MalformedReplyError)) throw error;
    return undefined;
  }
}

/** Those before the one that is no text, one by one. */
export function* linesOneByOne(splitter: LineSplitter, bytes: Uint8Array): Generator<readonly string[], void, void> {
  for (let from = 0, end = 0; from < bytes.length; from = end) {
    end = endOfLine(bytes, from);
    yield completedLines(splitter, bytes.subarray(from, end));
  }
}

/** A frame, or the refusal that stands for the status of HTTP. */
export function parseReplyLine(line: string): Frame | RefusedError {
  try {
    return parseFrame(line);
  } catch (error) {
    const refused = refusalIn(line);
    if (refused !== undefined) return refused;
    throw error;
  }
}

function refusalIn(line: string): RefusedError | undefined {
  try {
    const { status, detail } = JSON.parse(line).refused;
    return Number.isSafeInteger(status) && typeof detail === "string" ? new RefusedError(status, detail) : undefined;
  } catch {
    return undefined; // It is no JSON, or no refusal.
  }
}
