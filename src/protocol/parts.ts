/**
 * Files as bytes behind JSON, section 7 of `docs/protocol.md`: how a body is cut into its files, and made of them.
 *
 * @module
 */

/** The word in `features` of a worker, or of a gateway, that takes and gives files so. */
export const PARTS_FEATURE = "parts";

/** The request header that tells how long the JSON is at the beginning of a body with parts. */
export const PARTS_HEADER = "remote-plugin-parts";

/** How the line of a frame begins behind which parts come. No JSON has this byte. */
export const PARTS_MARK = "\x1e";

/** Files behind a frame have at most so many bytes together, for a host that shares no folder keeps them in memory. */
export const MAX_PARTS_BYTES: number = 4 * 1024 ** 3;

/** What the JSON of a body says of one of its parts. */
export interface PartLabel {
  /** The place of the file in the request's body, as a JSON Pointer. */
  readonly at: string;
  /** How many bytes it has; left out where that is not known before they have come. */
  readonly size?: number;
  /** What the name of the file ends with, with its dot. Default: nothing. */
  readonly extension?: string;
  /** What the bytes are. */
  readonly media_type?: string;
}

/** A part that is to be sent. */
export interface OutgoingPart extends PartLabel {
  /** Its bytes, which can be read once. */
  readonly bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** The value that stands in a file's place in a frame, where the file is one of the parts behind it. */
export interface PartReference {
  /** Which of the parts. */
  readonly part: number;
  readonly size: number;
  readonly media_type: string;
}

/** What should be parts is not. */
export class MalformedPartsError extends TypeError {
  override name = "MalformedPartsError";
}

/** The JSON of a request with parts, around the text of its body. */
export function labelledText(body: string, parts: readonly OutgoingPart[]): string {
  const labels = parts.map(({ at, size, extension, media_type }): PartLabel => ({ at, size, extension, media_type }));
  return `{"parts":${JSON.stringify(labels)},"body":${body}}`;
}

/** A request's body, and what it says of its parts. */
export interface LabelledBody {
  readonly body: Record<string, unknown>;
  readonly labels: readonly PartLabel[];
}

/**
 * Reads the JSON of a request with parts.
 *
 * @throws {MalformedPartsError} When it is none.
 */
export function readLabels(json: unknown): LabelledBody {
  if (!isRecord(json) || !isRecord(json["body"])) throw new MalformedPartsError('"body" must be an object');
  const { body, parts } = json as { body: Record<string, unknown>; parts?: unknown };
  if (!Array.isArray(parts) || !parts.every(isLabel)) throw new MalformedPartsError('"parts" must be a list of what each part is');
  return { body, labels: parts };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a file's name may end with: nothing that leads to another folder. */
const EXTENSION = /^(\.[^/\\\0]{1,63})?$/;

function isLabel(value: unknown): value is PartLabel {
  if (!isRecord(value)) return false;
  const { at, size, extension = "", media_type = "" } = value;
  if (typeof at !== "string" || !at.startsWith("/") || typeof media_type !== "string") return false;
  return typeof extension === "string" && EXTENSION.test(extension) && (size === undefined || isSize(size));
}

/** Whether something is a number of bytes. */
export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number >= 0;
}

const UTF8 = new TextEncoder();

/**
 * The bytes of parts as they are sent. A part of unknown length goes in blocks, each with its length before it, and an empty one at the end.
 *
 * @throws {MalformedPartsError} When a part has not as many bytes as its `size` says.
 */
export async function* bytesOfParts(parts: readonly OutgoingPart[]): AsyncGenerator<Uint8Array, void, void> {
  for (const { size, bytes } of parts) {
    if (size === undefined) yield* blocksOf(bytes);
    else yield* exactly(size, bytes);
  }
}

async function* exactly(size: number, pieces: OutgoingPart["bytes"]): AsyncGenerator<Uint8Array, void, void> {
  let left = size;
  for await (const piece of pieces) {
    left -= piece.length;
    if (left < 0) break;
    yield piece;
  }
  if (left !== 0) throw new MalformedPartsError(`a file of ${size} bytes has been ${left < 0 ? "made longer" : "cut"} while it was read`);
}

async function* blocksOf(pieces: OutgoingPart["bytes"]): AsyncGenerator<Uint8Array, void, void> {
  for await (const piece of pieces) {
    if (!(piece instanceof Uint8Array)) throw new TypeError("A stream that becomes a file must give bytes");
    if (piece.length === 0) continue;
    yield UTF8.encode(`${piece.length}\n`);
    yield piece;
  }
  yield UTF8.encode("0\n");
}

/** Some bytes of a part. */
export interface PartPiece {
  /** Which part. */
  readonly part: number;
  readonly bytes: Uint8Array;
  /** Whether they are its last ones. */
  readonly isLast: boolean;
  /** What stands behind them. */
  readonly rest: Uint8Array;
}

/** The longest line with a block's length. */
const MAX_LENGTH_DIGITS = 15;

const NOTHING = new Uint8Array(0);

/** Cuts bytes into the parts that they are, as they come. */
export class PartCutter {
  readonly #sizes: readonly (number | undefined)[];
  #part = 0;
  /** How many bytes are to come of the part, or of its block; `undefined` where the length of a block comes next. */
  #left: number | undefined;
  #digits = "";

  /** Expects parts of these sizes, in this order. */
  constructor(sizes: readonly (number | undefined)[]) {
    this.#sizes = sizes;
    this.#left = sizes[0];
  }

  /** Whether all parts have come. What follows is none of theirs. */
  get isDone(): boolean {
    return this.#part >= this.#sizes.length;
  }

  /**
   * The next piece of a part in bytes, which begin where the piece before ended; `undefined` when all of them are used and more have to come.
   *
   * @throws {MalformedPartsError} When a block has no length.
   */
  next(bytes: Uint8Array): PartPiece | undefined {
    if (this.isDone) return undefined;
    if (this.#left === undefined) return this.#nextBlock(bytes);
    if (bytes.length === 0 && this.#left > 0) return undefined;
    const piece = bytes.subarray(0, this.#left);
    this.#left -= piece.length;
    const isLast = this.#left === 0 && this.#sizes[this.#part] !== undefined;
    const found = { part: this.#part, bytes: piece, isLast, rest: bytes.subarray(piece.length) };
    if (isLast) this.#goOn();
    else if (this.#left === 0) this.#left = undefined;
    return found;
  }

  #nextBlock(bytes: Uint8Array): PartPiece | undefined {
    const end = bytes.indexOf(NEWLINE);
    this.#digits += String.fromCharCode(...bytes.subarray(0, end < 0 ? MAX_LENGTH_DIGITS + 1 : Math.min(end, MAX_LENGTH_DIGITS + 1)));
    if (!/^\d{0,15}$/.test(this.#digits) || (end >= 0 && this.#digits === "")) {
      throw new MalformedPartsError("a block of a part has no length");
    }
    if (end < 0) return undefined;
    const length = Number(this.#digits);
    const rest = bytes.subarray(end + 1);
    this.#digits = "";
    if (length > 0) {
      this.#left = length;
      return this.next(rest);
    }
    const last = { part: this.#part, bytes: NOTHING, isLast: true, rest };
    this.#goOn();
    return last;
  }

  #goOn(): void {
    this.#left = this.#sizes[++this.#part];
  }
}

const NEWLINE = 0x0a;
