/**
 * Splits bytes into lines, with a bound on what is kept while a line's end has not come.
 *
 * @module
 */

const NEWLINE = 0x0a;

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
  #parts: Uint8Array[] = [];
  #length = 0;

  /** Makes a splitter that keeps at most `maxBytes` of a line that has not ended. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * The text that the bytes complete: whole lines, each with its end, or nothing.
   *
   * @throws {LineTooLongError} When what is kept would pass the bound.
   */
  push(bytes: Uint8Array): string {
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end > 0) this.#keep(bytes.subarray(0, end));
    const text = end > 0 ? this.rest() : "";
    if (end < bytes.length) this.#keep(bytes.slice(end));
    return text;
  }

  /** What has come since the last line's end. Nothing is kept afterwards. */
  rest(): string {
    const decoder = new TextDecoder();
    const text = this.#parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode();
    this.#parts = [];
    this.#length = 0;
    return text;
  }

  #keep(part: Uint8Array): void {
    this.#length += part.length;
    if (this.#length > this.#maxBytes) throw new LineTooLongError(this.#maxBytes);
    this.#parts.push(part);
  }
}
