/**
 * Lines of JSON from a connection.
 *
 * @module
 */
import { isRecord, parseJson } from "../protocol/json.ts";

const READ_BYTES = 64 * 1024;

/** No agent says more in one line: the largest is a worker's farewell. */
const MOST_BYTES = 8 * 1024 * 1024;

const NEWLINE = 0x0a;

/** Reads objects, one a line. */
export class JsonLines {
  readonly #conn: Deno.Conn;
  readonly #block = new Uint8Array(READ_BYTES);
  /** The pieces of a line whose end has not come. */
  #pieces: Uint8Array[] = [];
  #length = 0;
  #unread: Uint8Array = new Uint8Array(0);

  /** Reads from a connection, which stays its opener's to close. */
  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /**
   * The next object; `undefined` when the connection has ended.
   *
   * @throws {TypeError} When there is no object in a line, or no end to it.
   */
  async next(): Promise<Record<string, unknown> | undefined> {
    while (true) {
      const end = this.#unread.indexOf(NEWLINE);
      if (end !== -1) {
        const line = this.#line(this.#unread.subarray(0, end));
        this.#unread = this.#unread.subarray(end + 1);
        return line;
      }
      this.#keep(this.#unread);
      const count = await this.#conn.read(this.#block);
      if (count === null) return undefined;
      this.#unread = this.#block.subarray(0, count);
    }
  }

  /** The block is read into again. */
  #keep(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#length += piece.length;
    if (this.#length > MOST_BYTES) throw new TypeError("It says more in one line than an agent does");
    this.#pieces.push(piece.slice());
  }

  #line(last: Uint8Array): Record<string, unknown> {
    const decoder = new TextDecoder();
    const text = this.#pieces.map((piece) => decoder.decode(piece, { stream: true })).join("") + decoder.decode(last);
    this.#pieces = [];
    this.#length = 0;
    const value = parseJson(text);
    if (isRecord(value)) return value;
    throw new TypeError("It says what is no object");
  }
}
