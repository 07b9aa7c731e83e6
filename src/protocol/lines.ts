/**
 * Splits bytes into lines, with a bound on what is kept while a line's end has not come.
 *
 * @module
 */

const NEWLINE = 0x0a;
const NOTHING: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** A line is longer than its reader allows. */
export class LineTooLongError extends Error {
  override name = "LineTooLongError";

  /** Makes the error for a bound in bytes. */
  constructor(maxBytes: number) {
    super(`A line is longer than ${maxBytes} bytes`);
  }
}

/** Takes bytes as they come and gives back the lines that they complete. */
export class LineSplitter {
  readonly #maxBytes: number;
  /** What has come of a line, in one piece: many small pieces would take many times the room of their bytes. */
  #kept: Uint8Array<ArrayBuffer> = NOTHING;
  #length = 0;

  /** Makes a splitter that takes lines of at most `maxBytes`. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * The text that the bytes complete: whole lines, each with its end, or nothing.
   *
   * @throws {LineTooLongError} When a line that spans several pieces is longer than the bound.
   * @throws {TypeError} When the bytes are no UTF-8.
   */
  push(bytes: Uint8Array): string {
    const first = bytes.indexOf(NEWLINE) + 1;
    if (first === 0) {
      this.#keep(bytes);
      return "";
    }
    const last = bytes.lastIndexOf(NEWLINE) + 1;
    const isFresh = this.#length === 0;
    const text = isFresh
      ? decode(bytes.subarray(0, last))
      : this.#completed(bytes.subarray(0, first)) + decode(bytes.subarray(first, last));
    this.#keep(bytes.subarray(last));
    return text;
  }

  #completed(end: Uint8Array): string {
    this.#keep(end);
    const text = decode(this.#kept.subarray(0, this.#length));
    this.#kept = NOTHING;
    this.#length = 0;
    return text;
  }

  #keep(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#maxBytes) throw new LineTooLongError(this.#maxBytes);
    if (length > this.#kept.length) this.#grow(length);
    this.#kept.set(bytes, this.#length);
    this.#length = length;
  }

  #grow(length: number): void {
    const larger = new Uint8Array(Math.min(this.#maxBytes, Math.max(length, 2 * this.#kept.length)));
    larger.set(this.#kept.subarray(0, this.#length));
    this.#kept = larger;
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string {
  return UTF8.decode(bytes);
}
