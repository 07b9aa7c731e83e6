/**
 * Splits bytes into lines, with a bound on what is kept while a line's end has not come.
 *
 * @module
 */

import { decodeUtf8 } from "./utf8.ts";

/** A line is longer than its reader allows. */
export class LineTooLongError extends Error {
  override name = "LineTooLongError";

  /** Makes the error for a bound in bytes. */
  constructor(maxBytes: number) {
    super(`A line is longer than ${maxBytes} bytes`);
  }
}

/** As much text as this is kept in one piece: many small pieces would take many times the room of their bytes. */
const PIECE_LENGTH = 64 * 1024;

const NOTHING = new Uint8Array(0);

/** Takes bytes as they come and gives back the lines that they complete. */
export class LineSplitter {
  readonly #maxBytes: number;
  /** What has come of a line, but for its latest pieces. */
  #kept = "";
  /** The latest pieces. */
  #latest: string[] = [];
  #latestLength = 0;
  /** How many bytes both were made of. */
  #length = 0;
  /** A character whose rest has not come. */
  #begun: Uint8Array = NOTHING;

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
    const text = this.#decode(bytes);
    // The engine looks for a character in text many times as fast as for a byte in bytes, and forwards many times as fast as backwards.
    const first = text.indexOf("\n");
    if (first < 0) {
      this.#keep(text, bytes.length);
      return "";
    }
    if (this.#length > 0) this.#keep("", first);
    const end = text.lastIndexOf("\n") + 1;
    this.#join();
    const lines = this.#kept + text.slice(0, end);
    this.#kept = "";
    this.#length = 0;
    if (end < text.length) this.#keep(text.slice(end), text.length - end);
    return lines;
  }

  #keep(text: string, bytes: number): void {
    this.#length += bytes;
    if (this.#length > this.#maxBytes) throw new LineTooLongError(this.#maxBytes);
    this.#latest.push(text);
    this.#latestLength += text.length;
    if (this.#latestLength >= PIECE_LENGTH || this.#latest.length >= PIECE_LENGTH) this.#join();
  }

  #join(): void {
    this.#kept += this.#latest.join("");
    this.#latest = [];
    this.#latestLength = 0;
  }

  /** The characters that are whole. */
  #decode(bytes: Uint8Array): string {
    const all = this.#begun.length === 0 ? bytes : joined(this.#begun, bytes);
    const end = all.length - begunBytes(all);
    // First, for bytes that are no text leave nothing behind: they may be tried again, line by line.
    const text = decodeUtf8(end === all.length ? all : all.subarray(0, end));
    this.#begun = end === all.length ? NOTHING : all.slice(end);
    return text;
  }
}

const NEWLINE = 0x0a;

/** The place behind the line that begins at a place; the length of the bytes where it goes on. */
export function endOfLine(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at += SOUGHT_BYTES) {
    const sought = bytes.subarray(at, at + SOUGHT_BYTES);
    if (LENIENT.decode(sought).includes("\n")) return at + sought.indexOf(NEWLINE) + 1;
  }
  return bytes.length;
}

/** So many bytes become text for that at a time. */
const SOUGHT_BYTES = 16 * 1024;

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** How many bytes at the end are of a character that goes on. */
function begunBytes(bytes: Uint8Array): number {
  for (let count = 1; count <= Math.min(3, bytes.length); count++) {
    const byte = bytes[bytes.length - count]!;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return count < lengthOf(byte) ? count : 0;
  }
  return 0;
}

/** How many bytes the character has that begins with this one. */
function lengthOf(first: number): number {
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 1;
}

const LENIENT = new TextDecoder("utf-8", { ignoreBOM: true });
