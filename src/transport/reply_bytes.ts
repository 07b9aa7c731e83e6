/**
 * What comes on an upgraded connection, cut into frames and refusals.
 *
 * @module
 */
import type { Frame } from "../protocol/frames.ts";
import { endOfLine, LineSplitter } from "../protocol/lines.ts";
import { MAX_FRAME_BYTES } from "../protocol/sizes.ts";
import type { RefusedError } from "./errors.ts";
import { indexOfMark, MarkedFrames } from "./marked_frames.ts";
import { linesOf, linesOneByOne, NEWLINE, parseReplyLine } from "./reply_lines.ts";

/** Gets what was said, and whether something stands behind it. */
export type OnReply = (said: Frame | RefusedError, isFollowed: boolean) => void;

/** Cuts bytes as they come. */
export class ReplyBytes {
  readonly #onReply: OnReply;
  readonly #splitter = new LineSplitter(MAX_FRAME_BYTES);
  #marked: MarkedFrames | undefined;
  #isMidLine = false;

  /** Tells what comes. */
  constructor(onReply: OnReply) {
    this.#onReply = onReply;
  }

  /** Whether a part of a frame has come. */
  get isMidFrame(): boolean {
    return this.#isMidLine || this.#marked?.isMidFrame === true;
  }

  /** Files may come behind frames from now on. */
  expectParts(): void {
    this.#marked ??= new MarkedFrames();
  }

  /**
   * Takes the next bytes.
   *
   * @throws {MalformedReplyError} When they are no frame.
   */
  take(bytes: Uint8Array): void {
    if (this.#marked === undefined) return this.#takeText(bytes);
    for (let rest = bytes; rest.length > 0;) rest = this.#takePiece(rest, this.#marked);
  }

  /** Takes what comes before the next frame with files, or a piece of that. Gives what stands behind. */
  #takePiece(bytes: Uint8Array, marked: MarkedFrames): Uint8Array {
    const mark = marked.isMidFrame ? 0 : indexOfMark(bytes);
    if (mark !== 0) {
      const end = mark < 0 ? bytes.length : mark;
      this.#takeText(bytes.subarray(0, end));
      return bytes.subarray(end);
    }
    const { frame, rest } = marked.take(bytes);
    if (frame !== undefined) this.#onReply(frame, rest.length > 0);
    return rest;
  }

  #takeText(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      // What began in an earlier piece is taken by itself: whatever is wrong with it, or with what follows, is its own.
      const end = this.#isMidLine ? endOfLine(bytes, from) : bytes.length;
      this.#takeLines(end - from === bytes.length ? bytes : bytes.subarray(from, end));
      this.#isMidLine = bytes[end - 1] !== NEWLINE;
      from = end;
    }
  }

  #takeLines(bytes: Uint8Array): void {
    const lines = linesOf(this.#splitter, bytes);
    if (lines !== undefined) return this.#takeAll(lines);
    for (const line of linesOneByOne(this.#splitter, bytes)) this.#takeAll(line);
  }

  #takeAll(lines: readonly string[]): void {
    for (let at = 0; at < lines.length; at++) this.#onReply(parseReplyLine(lines[at]!), at < lines.length - 1);
  }
}
