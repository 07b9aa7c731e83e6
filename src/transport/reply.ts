/**
 * Reads a reply, section 4 of `docs/protocol.md`, and trusts nothing in it.
 *
 * @module
 */
import { findLongInteger, type LongInteger } from "../protocol/exact_integers.ts";
import { type Frame, isLastFrame, type ValueTypes } from "../protocol/frames.ts";
import { LineSplitter, LineTooLongError } from "../protocol/lines.ts";
import { type ErrorBody, FRAMES_MEDIA_TYPE, MAX_FRAME_BYTES } from "../protocol/messages.ts";
import { BrokenReplyError, MalformedReplyError, RefusedError } from "./errors.ts";

/** How much of a refusal is read, in bytes: some sentences. */
const MAX_REFUSAL_BYTES = 16 * 1024;

/**
 * Sends a request and yields the frames of its reply. The last one is held back until the body has ended, for a body that is left unread costs its connection.
 *
 * @throws {RefusedError} When the worker refused the request.
 * @throws {MalformedReplyError} When what comes is no frame, or a frame longer than any may be.
 * @throws {BrokenReplyError} When the reply ends before its last frame.
 */
export async function* readReply(send: () => Promise<Response>): AsyncGenerator<Frame, void, void> {
  const response = await send();
  if (response.status !== 200 || response.headers.get("content-type") !== FRAMES_MEDIA_TYPE) throw await refusal(response);
  const reader = new FrameReader();
  let last: Frame | undefined;
  for await (const piece of piecesOf(response)) {
    for (const frame of reader.push(piece)) {
      if (isLastFrame(frame)) last = frame;
      else yield frame;
    }
  }
  if (last === undefined) throw new BrokenReplyError("The reply ended before its last frame", { hasBegun: true });
  yield last;
}

/** Makes frames of the bytes of a reply. */
export class FrameReader {
  readonly #splitter = new LineSplitter(MAX_FRAME_BYTES);
  readonly #parse: (line: string) => Frame;
  #hasEnded = false;

  /**
   * Begins a reply.
   *
   * @param parse Makes a frame of a line. Default: takes nothing but frames.
   */
  constructor(parse: (line: string) => Frame = parseFrame) {
    this.#parse = parse;
  }

  /** Begins the next reply on the same connection; the one before has ended. */
  begin(): void {
    this.#hasEnded = false;
  }

  /**
   * The frames that these bytes complete.
   *
   * @throws {MalformedReplyError} When what comes is no frame, is longer than any may be, or follows the last one.
   */
  push(bytes: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    for (const line of completedLines(this.#splitter, bytes)) {
      if (this.#hasEnded) throw new MalformedReplyError("It sent more after its last frame");
      const frame = this.#parse(line);
      this.#hasEnded = isLastFrame(frame);
      frames.push(frame);
    }
    return frames;
  }
}

/** The lines that a reply's bytes complete, without their ends and without the empty ones; what follows the last line's end is no frame. */
export function completedLines(splitter: LineSplitter, bytes: Uint8Array): string[] {
  try {
    return splitter.push(bytes).split("\n").filter((line) => line !== "");
  } catch (cause) {
    const what = cause instanceof LineTooLongError ? `a frame longer than ${MAX_FRAME_BYTES} bytes` : "what is no UTF-8";
    throw new MalformedReplyError(`It sent ${what}`, { cause });
  }
}

/** The whole of a body, which is text. */
export async function wholeText(response: Response): Promise<string> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const piece of piecesOf(response)) {
    pieces.push(new Uint8Array(piece));
    length += piece.length;
    if (length > MAX_FRAME_BYTES) throw new MalformedReplyError(`It sent more than ${MAX_FRAME_BYTES} bytes`);
  }
  return await new Blob(pieces).text();
}

/** The body of a response as it comes. One whose length is known comes in one piece: a stream of it costs as much as all the rest of a small call. */
export async function* piecesOf(response: Response): AsyncGenerator<Uint8Array, void, void> {
  if (response.body === null) return;
  if (Number(response.headers.get("content-length") ?? Infinity) <= MAX_WHOLE_BYTES) return yield await allOf(response);
  // Not `yield*`: an error of whoever takes the pieces must not be taken for one of the connection.
  const reader = response.body.getReader();
  try {
    for (let piece = await read(reader); piece !== undefined; piece = await read(reader)) yield piece;
  } finally {
    // What nobody wants any more must not go on coming.
    await reader.cancel().catch(() => {});
  }
}

/** Up to here a body is read at once, in bytes. A longer one takes no more memory than it has to. */
const MAX_WHOLE_BYTES = 64 * 1024;

async function allOf(response: Response): Promise<Uint8Array> {
  try {
    return await response.bytes();
  } catch (cause) {
    throw new BrokenReplyError("The connection broke while the reply came", { cause, hasBegun: true });
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return (await reader.read()).value;
  } catch (cause) {
    throw new BrokenReplyError("The connection broke while the reply came", { cause, hasBegun: true });
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
  const { chunk, result, error, progress, message, types } = frame as Record<string, unknown>;
  // A frame of two kinds would be read in two ways.
  if (KINDS.reduce((count, key) => count + Number(Object.hasOwn(frame, key)), 0) !== 1) throw malformed(line);
  if (Object.hasOwn(frame, "chunk")) return { chunk, ...checkedTypes(types, line), ...longIntegerIn(chunk, line) };
  if (Object.hasOwn(frame, "result")) return { result, ...checkedTypes(types, line), ...longIntegerIn(result, line) };
  if (Number.isFinite(progress) && typeof message === "string") return { progress: progress as number, message };
  if (isErrorBody(error)) return { error: plainError(error) };
  throw malformed(line);
}

const KINDS = ["chunk", "result", "error", "progress"] as const;

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new MalformedReplyError(`It sent what is no JSON: "${line.slice(0, 80)}"`, { cause });
  }
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

/** What a worker said instead of a reply. */
export async function refusal(response: Response): Promise<RefusedError> {
  return new RefusedError(response.status, detailOf(await beginningOf(response)));
}

async function beginningOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of piecesOf(response)) {
    text += decoder.decode(piece.subarray(0, MAX_REFUSAL_BYTES), { stream: true });
    if (text.length >= MAX_REFUSAL_BYTES) break;
  }
  return text.slice(0, MAX_REFUSAL_BYTES);
}

function detailOf(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && "detail" in body && typeof body.detail === "string") return body.detail;
  } catch {
    // No JSON: a proxy or another server has answered; its text says more than our complaint would.
  }
  return text.slice(0, 200);
}
