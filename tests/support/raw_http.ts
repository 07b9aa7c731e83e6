/**
 * A small HTTP client that can also say what no well-behaved client says: half a request, two at once, or something else altogether.
 *
 * @module
 */
import type { Address } from "../../src/protocol/address.ts";

/** The first lines of a reply. Header names are in lower case. */
export interface ReplyHead {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

/** The status after which a connection carries no HTTP any more. */
const UPGRADED = 101;

/** One connection to a worker, on which bytes are written and replies are read in order. */
export class RawConnection implements Disposable {
  readonly #conn: Deno.Conn;
  #unread = new Uint8Array();
  #open = true;

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Connects to a worker's address as its hello line has it. */
  static async open(address: Address): Promise<RawConnection> {
    if ("unix" in address) return new RawConnection(await Deno.connect({ transport: "unix", path: address.unix }));
    const colon = address.tcp.lastIndexOf(":");
    const conn = await Deno.connect({ hostname: address.tcp.slice(0, colon), port: Number(address.tcp.slice(colon + 1)) });
    conn.setNoDelay();
    return new RawConnection(conn);
  }

  /** Writes all of it. A worker that has closed the connection is no error here: it may have said why, and that is still to be read. */
  async write(data: string | Uint8Array): Promise<void> {
    let rest = typeof data === "string" ? new TextEncoder().encode(data) : data;
    try {
      while (rest.length > 0) rest = rest.subarray(await this.#conn.write(rest));
    } catch (error) {
      if (!isDisconnect(error)) throw error;
    }
  }

  /** Reads the status line and the headers of the next reply, past those that only say that there will be one. */
  async readHead(): Promise<ReplyHead> {
    for (;;) {
      const head = await this.#head();
      if (head.status >= 200 || head.status === UPGRADED) return head;
    }
  }

  /** Reads a line of an upgraded connection, without its end. */
  readLine(): Promise<string> {
    return this.#text();
  }

  /** Reads so many bytes, which are text. */
  async readText(length: number): Promise<string> {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    let text = "";
    for await (const piece of this.#exactly(length)) text += decoder.decode(piece, { stream: true });
    return text + decoder.decode();
  }

  /** Reads the body that belongs to `head`, piece by piece as it comes. Throws when it is cut short. */
  async *readBody(head: ReplyHead): AsyncGenerator<Uint8Array> {
    if (head.status === UPGRADED) return;
    const length = head.headers.get("content-length");
    const coding = head.headers.get("transfer-encoding");
    if ((length === undefined) === (coding === undefined)) throw new Error("A reply needs either a length or a transfer coding");
    if (length !== undefined) return yield* this.#exactly(Number(length));
    if (coding !== "chunked") throw new Error(`Unknown transfer coding ${JSON.stringify(coding)}`);
    for (let size = await this.#chunkSize(); size > 0; size = await this.#chunkSize()) {
      yield* this.#exactly(size);
      if (await this.#line() !== "") throw new Error("A chunk is longer than it says");
    }
    if (await this.#line() !== "") throw new Error("Trailers were not asked for");
  }

  /** All that comes until the worker's end of the connection. */
  async readAll(): Promise<string> {
    while (await this.#fill());
    const text = new TextDecoder("utf-8", { fatal: true }).decode(this.#unread);
    this.#unread = new Uint8Array(0);
    return text;
  }

  /** Says that nothing more will be written. */
  async closeWrite(): Promise<void> {
    await this.#conn.closeWrite().catch((error) => {
      if (!isDisconnect(error)) throw error;
    });
  }

  /** Waits for the worker's end of the connection; false when it says something instead. */
  async isEnded(): Promise<boolean> {
    return this.#unread.length === 0 && !await this.#fill();
  }

  /** Closes the connection. */
  close(): void {
    if (this.#open) this.#conn.close();
    this.#open = false;
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.close();
  }

  async #head(): Promise<ReplyHead> {
    const [, status] = /^HTTP\/1\.1 (\d{3})( |$)/.exec(await this.#line()) ?? [];
    if (status === undefined) throw new Error("The reply does not start with an HTTP/1.1 status line");
    const headers = new Map<string, string>();
    for (let line = await this.#line(); line !== ""; line = await this.#line()) {
      const colon = line.indexOf(":");
      const name = line.slice(0, colon).toLowerCase();
      if (colon < 1 || headers.has(name)) throw new Error(`Not a header, or twice the same: ${JSON.stringify(line)}`);
      headers.set(name, line.slice(colon + 1).trim());
    }
    return { status: Number(status), headers };
  }

  async #chunkSize(): Promise<number> {
    const line = await this.#line();
    if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`Not the size of a chunk: ${JSON.stringify(line)}`);
    return parseInt(line, 16);
  }

  async *#exactly(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0;) {
      if (this.#unread.length === 0 && !await this.#fill()) throw new CutShort();
      const piece = this.#unread.subarray(0, left);
      this.#unread = this.#unread.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async #line(): Promise<string> {
    const line = await this.#text();
    if (!line.endsWith("\r")) throw new Error(`A line of HTTP ends with CR LF, this one does not: ${JSON.stringify(line)}`);
    return line.slice(0, -1);
  }

  async #text(): Promise<string> {
    let end = this.#unread.indexOf(10);
    while (end < 0) {
      const seen = this.#unread.length;
      if (!await this.#fill()) throw new CutShort();
      end = this.#unread.indexOf(10, seen);
    }
    const line = new TextDecoder("utf-8", { fatal: true }).decode(this.#unread.subarray(0, end));
    this.#unread = this.#unread.subarray(end + 1);
    return line;
  }

  async #fill(): Promise<boolean> {
    const piece = new Uint8Array(65_536);
    const count = await this.#read(piece);
    if (count === null) return false;
    const joined = new Uint8Array(this.#unread.length + count);
    joined.set(this.#unread);
    joined.set(piece.subarray(0, count), this.#unread.length);
    this.#unread = joined;
    return true;
  }

  async #read(into: Uint8Array): Promise<number | null> {
    try {
      return await this.#conn.read(into);
    } catch (error) {
      if (isDisconnect(error)) return null;
      throw error;
    }
  }
}

/** The worker closed the connection in the middle of a reply. */
export class CutShort extends Error {
  override name = "CutShort";

  /** Makes the error. */
  constructor() {
    super("The connection ended before the reply did");
  }
}

function isDisconnect(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.NotConnected;
}
