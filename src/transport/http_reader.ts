/**
 * Reads the response to one HTTP/1.1 request, as far as the original's server uses the protocol.
 *
 * @module
 */

/** The first lines of a response. */
export interface ResponseHead {
  readonly status: number;
  /** By their names in lower case; one that is repeated has its values joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
}

/** The longest status line with headers, in bytes: the original puts its accounts into a header, without a bound. */
const MAX_HEAD_BYTES = 16 * 1024 * 1024;

const CHUNK_BYTES = 64 * 1024;

/** What is read from a connection. */
export interface ByteSource {
  /** Reads some bytes; `null` at the end. */
  read(into: Uint8Array): Promise<number | null>;
}

/** Reads one response from a connection. */
export class HttpReader {
  readonly #source: ByteSource;
  #unread: Uint8Array = new Uint8Array();

  /** Reads from a connection on which nothing is pending. */
  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Reads the status and the headers. */
  async head(): Promise<ResponseHead> {
    const [first = "", ...lines] = (await this.#until("\r\n\r\n", MAX_HEAD_BYTES)).split("\r\n");
    const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(first) ?? [];
    if (status === undefined) throw new TypeError("The reply does not begin as one of HTTP");
    return { status: Number(status), headers: headersIn(lines) };
  }

  /** What has been read behind that. */
  rest(): Uint8Array {
    return this.#unread;
  }

  /** Reads the body that the headers announce. */
  async *body(headers: ResponseHead["headers"]): AsyncGenerator<Uint8Array, void, void> {
    if (headers.get("transfer-encoding")?.toLowerCase() === "chunked") return yield* this.#chunks();
    const length = headers.get("content-length");
    if (length === undefined) throw new TypeError("The reply does not say how long it is");
    yield* this.#exactly(Number(length));
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void, void> {
    while (true) {
      const size = parseInt(await this.#until("\r\n", 1024), 16);
      if (!Number.isSafeInteger(size)) throw new TypeError("The reply has a chunk without a size");
      yield* this.#exactly(size);
      await this.#until("\r\n", 1024);
      if (size === 0) return;
    }
  }

  async *#exactly(length: number): AsyncGenerator<Uint8Array, void, void> {
    for (let left = length; left > 0;) {
      if (this.#unread.length === 0) await this.#fill();
      const piece = this.#unread.subarray(0, left);
      this.#unread = this.#unread.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async #until(mark: string, limit: number): Promise<string> {
    for (let from = 0;;) {
      const end = indexOf(this.#unread, mark, from);
      if (end >= 0) {
        const text = new TextDecoder("latin1").decode(this.#unread.subarray(0, end));
        this.#unread = this.#unread.subarray(end + mark.length);
        return text;
      }
      if (this.#unread.length > limit) throw new TypeError("The reply has a line that is too long");
      from = Math.max(0, this.#unread.length - mark.length + 1);
      await this.#fill();
    }
  }

  async #fill(): Promise<void> {
    const piece = new Uint8Array(CHUNK_BYTES);
    const count = await this.#source.read(piece);
    if (count === null) throw new TypeError("The connection ended before the reply did");
    if (this.#unread.length === 0) {
      this.#unread = piece.subarray(0, count);
      return;
    }
    const joined = new Uint8Array(this.#unread.length + count);
    joined.set(this.#unread);
    joined.set(piece.subarray(0, count), this.#unread.length);
    this.#unread = joined;
  }
}

/** Not `Headers`: to load them takes a third of a millisecond, at every start. */
function headersIn(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(":")).toLowerCase();
    const value = line.slice(line.indexOf(":") + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

function indexOf(bytes: Uint8Array, mark: string, from: number): number {
  const first = mark.charCodeAt(0);
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (at + mark.length > bytes.length) return -1;
    if ([...mark].every((character, offset) => bytes[at + offset] === character.charCodeAt(0))) return at;
  }
  return -1;
}
