/**
 * Reads the response of HTTP that a reply is, section 4 of `docs/protocol.md`.
 *
 * @module
 */
import { type Frame, isLastFrame } from "../protocol/frames.ts";
import { FRAMES_MEDIA_TYPE } from "../protocol/messages.ts";
import { MAX_FRAME_BYTES } from "../protocol/sizes.ts";
import { BrokenReplyError, MalformedReplyError, RefusedError } from "./errors.ts";
import { FrameReader } from "./frame_reader.ts";

/** What a reply may have. */
export interface ReplyOptions {
  /** Whether files may come behind its frames. Default: no. */
  readonly takesParts?: boolean;
}

/**
 * Sends a request and yields the frames of its reply. The last one is held back until the body has ended, for a body that is left unread costs its connection.
 *
 * @throws {RefusedError} When the worker refused the request.
 * @throws {MalformedReplyError} When what comes is no frame, or a frame longer than any may be.
 * @throws {BrokenReplyError} When the reply ends before its last frame.
 */
export async function* readReply(send: () => Promise<Response>, how: ReplyOptions = {}): AsyncGenerator<Frame, void, void> {
  const response = await send();
  if (response.status !== 200 || response.headers.get("content-type") !== FRAMES_MEDIA_TYPE) throw await refusal(response);
  const reader = new FrameReader(how);
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

/**
 * The body of a response as it comes. One whose length is known comes in one piece: a stream of it costs as much as all the rest of a small call. A piece
 * is valid until the next one is asked for, which may lie in the same memory.
 */
export async function* piecesOf(response: Response): AsyncGenerator<Uint8Array, void, void> {
  if (response.body === null) return;
  if (Number(response.headers.get("content-length") ?? Infinity) <= MAX_WHOLE_BYTES) return yield await allOf(response);
  // Not `yield*`: an error of whoever takes the pieces must not be taken for one of the connection.
  const reader = readerOf(response.body);
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

type PieceReader = Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">;

/** How much is read at a time, in bytes. */
const READ_BYTES = 64 * 1024;

/** Reads into the same memory again and again. New memory for each read, most of which stays empty, took most of the time of a stream of small chunks. */
function readerOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): PieceReader {
  const reader = byteReaderOf(body);
  if (reader === undefined) return body.getReader();
  let memory = new Uint8Array(READ_BYTES);
  return {
    read: async () => {
      const result = await reader.read(memory);
      if (result.value !== undefined) memory = new Uint8Array(result.value.buffer);
      return result;
    },
    cancel: () => reader.cancel(),
  } as PieceReader;
}

/** `undefined` for a body that is no stream of bytes, as one that a program has made itself. */
function byteReaderOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

async function read(reader: PieceReader): Promise<Uint8Array | undefined> {
  try {
    const { done, value } = await reader.read();
    return done ? undefined : value;
  } catch (cause) {
    throw new BrokenReplyError("The connection broke while the reply came", { cause, hasBegun: true });
  }
}

/** How much of a refusal is read, in bytes: some sentences. */
const MAX_REFUSAL_BYTES = 16 * 1024;

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
