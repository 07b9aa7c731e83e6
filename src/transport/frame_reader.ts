/**
 * Makes frames of the bytes of a reply, section 4 of `docs/protocol.md`, and trusts nothing in them.
 *
 * @module
 */
import { type Frame, isLastFrame } from "../protocol/frames.ts";
import { LineSplitter } from "../protocol/lines.ts";
import { MAX_FRAME_BYTES } from "../protocol/sizes.ts";
import { MalformedReplyError } from "./errors.ts";
import { completedLines, parseFrame } from "./frame_line.ts";
import { indexOfMark, MarkedFrames } from "./marked_frames.ts";

const NOTHING: Uint8Array = new Uint8Array(0);

/** Makes frames of the bytes of a reply. */
export class FrameReader {
  readonly #splitter = new LineSplitter(MAX_FRAME_BYTES);
  /** What has files; `undefined` where nothing may. */
  readonly #marked: MarkedFrames | undefined;
  #hasEnded = false;

  /** Takes files behind frames only from a worker that was asked for them. */
  constructor({ takesParts = false }: { readonly takesParts?: boolean } = {}) {
    if (takesParts) this.#marked = new MarkedFrames();
  }

  /**
   * The frames that these bytes complete.
   *
   * @throws {MalformedReplyError} When what comes is no frame, is longer than any may be, or follows the last one.
   */
  push(bytes: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    if (this.#marked === undefined) this.#takeLines(bytes, frames);
    else for (let rest = bytes; rest.length > 0;) rest = this.#take(rest, this.#marked, frames);
    return frames;
  }

  #take(bytes: Uint8Array, marked: MarkedFrames, frames: Frame[]): Uint8Array {
    const mark = marked.isMidFrame ? 0 : indexOfMark(bytes);
    if (mark !== 0) {
      this.#takeLines(mark < 0 ? bytes : bytes.subarray(0, mark), frames);
      return mark < 0 ? NOTHING : bytes.subarray(mark);
    }
    const { frame, rest } = marked.take(bytes);
    if (frame !== undefined) this.#add(frame, frames);
    return rest;
  }

  #takeLines(bytes: Uint8Array, frames: Frame[]): void {
    for (const line of completedLines(this.#splitter, bytes)) this.#add(parseFrame(line), frames);
  }

  #add(frame: Frame, frames: Frame[]): void {
    if (this.#hasEnded) throw new MalformedReplyError("It sent more after its last frame");
    this.#hasEnded = isLastFrame(frame);
    frames.push(frame);
  }
}
