/**
 * Frames behind which files come as bytes, section 7 of `docs/protocol.md`.
 *
 * @module
 */
import type { ValueFrame } from "../protocol/frames.ts";
import { LineSplitter } from "../protocol/lines.ts";
import { isSize, MAX_PARTS_BYTES, PartCutter, PARTS_MARK } from "../protocol/parts.ts";
import { MAX_FRAME_BYTES } from "../protocol/sizes.ts";
import { MalformedReplyError } from "./errors.ts";
import { completedLines, parseFrame } from "./frame_line.ts";

/** A frame that has files. */
export type FrameWithParts = ValueFrame & { readonly parts: readonly Uint8Array<ArrayBuffer>[] };

/** What bytes have been made into. */
export interface TakenFrame {
  /** The frame, when it is complete. */
  readonly frame?: FrameWithParts;
  /** What stands behind it. */
  readonly rest: Uint8Array;
}

const MARK = PARTS_MARK.charCodeAt(0);
const NEWLINE = 0x0a;
const NOTHING = new Uint8Array(0);

/** Where a frame with files begins in bytes; -1 when none does. */
export function indexOfMark(bytes: Uint8Array): number {
  return bytes.indexOf(MARK);
}

/** Makes such frames of bytes, one after the other. */
export class MarkedFrames {
  readonly #splitter = new LineSplitter(MAX_FRAME_BYTES);
  #hasBegun = false;
  #open: OpenFrame | undefined;

  /** Whether what comes next is the rest of one. */
  get isMidFrame(): boolean {
    return this.#hasBegun;
  }

  /**
   * Takes bytes of one, the first time from its mark on.
   *
   * @throws {MalformedReplyError} When they are no frame with files.
   */
  take(bytes: Uint8Array): TakenFrame {
    this.#hasBegun = true;
    let rest = bytes;
    if (this.#open === undefined) {
      const end = bytes.indexOf(NEWLINE) + 1 || bytes.length;
      const [line] = completedLines(this.#splitter, bytes.subarray(0, end));
      if (line === undefined) return { rest: NOTHING };
      this.#open = new OpenFrame(line.slice(PARTS_MARK.length));
      rest = bytes.subarray(end);
    }
    rest = this.#open.fill(rest);
    if (!this.#open.isWhole) return { rest: NOTHING };
    const { frame } = this.#open;
    this.#open = undefined;
    this.#hasBegun = false;
    return { frame, rest };
  }
}

/** A frame whose files are coming. */
class OpenFrame {
  readonly frame: FrameWithParts;
  readonly #cutter: PartCutter;
  readonly #filled: number[];

  constructor(line: string) {
    const frame = parseFrame(line);
    if (!("chunk" in frame || "callback" in frame || "result" in frame)) throw malformed(line);
    const sizes = sizesIn(line);
    this.frame = { ...frame, parts: sizes.map(newMemory) };
    this.#filled = sizes.map(() => 0);
    this.#cutter = new PartCutter(sizes);
  }

  get isWhole(): boolean {
    return this.#cutter.isDone;
  }

  /** Takes what is its own, and gives back the rest. */
  fill(bytes: Uint8Array): Uint8Array {
    let rest = bytes;
    for (let piece = this.#cutter.next(rest); piece !== undefined; piece = this.#cutter.next(rest)) {
      this.frame.parts[piece.part]!.set(piece.bytes, this.#filled[piece.part]);
      this.#filled[piece.part]! += piece.bytes.length;
      rest = piece.rest;
    }
    return rest;
  }
}

function sizesIn(line: string): readonly number[] {
  const { parts } = JSON.parse(line) as { parts?: unknown };
  if (!Array.isArray(parts) || parts.length === 0 || !parts.every(isSize)) throw malformed(line);
  const total = parts.reduce((sum, size) => sum + size, 0);
  if (total > MAX_PARTS_BYTES) throw new MalformedReplyError(`It sent files of ${total} bytes behind one frame, more than any may have`);
  return parts;
}

function newMemory(size: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(size);
  } catch (cause) {
    throw new MalformedReplyError(`It sent a file of ${size} bytes, for which there is no memory`, { cause });
  }
}

function malformed(line: string): MalformedReplyError {
  return new MalformedReplyError(`It sent what is no frame with files: "${line.slice(0, 80)}"`);
}
