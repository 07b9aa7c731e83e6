/**
 * The body of a request that is read piece by piece: of a known length, in chunks, or as long as its parts say.
 *
 * @module
 */
import type { PartSource } from "../inbox.ts";
import { type HttpConnection, joined } from "./connection.ts";
import { Refusal } from "./refusal.ts";

/** A body that is being read. */
export interface BodySource extends PartSource {
  /** Makes sure that it has ended, and leaves the connection at the next request. */
  end(): Promise<void>;
}

const READ_BYTES = 256 * 1024;

/** A body of parts on an upgraded connection: they say themselves where it ends. */
export class OpenBody implements BodySource {
  readonly #connection: HttpConnection;

  /** Reads from a connection. */
  constructor(connection: HttpConnection) {
    this.#connection = connection;
  }

  some(): Promise<Uint8Array> {
    return this.#connection.readSome(READ_BYTES);
  }

  giveBack(bytes: Uint8Array): void {
    this.#connection.unread(bytes);
  }

  end(): Promise<void> {
    return Promise.resolve();
  }
}

/** A body with a `Content-Length`. */
export class SizedBody implements BodySource {
  readonly #connection: HttpConnection;
  #left: number;

  /** Reads so many bytes from a connection. */
  constructor(connection: HttpConnection, length: number) {
    this.#connection = connection;
    this.#left = length;
  }

  async some(): Promise<Uint8Array> {
    if (this.#left === 0) throw endedEarly();
    const bytes = await this.#connection.readSome(Math.min(READ_BYTES, this.#left));
    this.#left -= bytes.length;
    return bytes;
  }

  giveBack(bytes: Uint8Array): void {
    this.#connection.unread(bytes);
    this.#left += bytes.length;
  }

  end(): Promise<void> {
    return this.#left === 0 ? Promise.resolve() : Promise.reject(tooLong());
  }
}

/** A body in chunks. */
export class ChunkedBody implements BodySource {
  readonly #connection: HttpConnection;
  /** How much of the chunk has not come; 0 between two. */
  #left = 0;
  #hasEnded = false;
  #given: Uint8Array | undefined;

  /** Reads chunks from a connection. */
  constructor(connection: HttpConnection) {
    this.#connection = connection;
  }

  async some(): Promise<Uint8Array> {
    const given = this.#given ?? await this.#next();
    this.#given = undefined;
    if (given === undefined) throw endedEarly();
    return given;
  }

  giveBack(bytes: Uint8Array): void {
    this.#given = this.#given === undefined ? bytes : joined([bytes, this.#given]);
  }

  async end(): Promise<void> {
    if (this.#given !== undefined || await this.#next() !== undefined) throw tooLong();
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#left === 0 && !await this.#begin()) return undefined;
    const bytes = await this.#connection.readSome(Math.min(READ_BYTES, this.#left));
    this.#left -= bytes.length;
    if (this.#left === 0) await this.#line();
    return bytes;
  }

  /** Begins the next chunk. False at the last, which is empty, and behind which lines may stand that say nothing here. */
  async #begin(): Promise<boolean> {
    if (this.#hasEnded) return false;
    const [digits = ""] = (await this.#line()).split(";");
    if (!/^[0-9a-f]{1,12}$/i.test(digits.trim())) throw new Refusal(400, "A chunk of the body has no length", { closes: true });
    this.#left = parseInt(digits, 16);
    this.#hasEnded = this.#left === 0;
    while (this.#hasEnded && await this.#line() !== "");
    return !this.#hasEnded;
  }

  async #line(): Promise<string> {
    const line = await this.#connection.readLine();
    if (line === undefined) throw endedEarly();
    return line.replace(/\r$/, "");
  }
}

function endedEarly(): Refusal {
  return new Refusal(400, "The body ended before its parts did", { closes: true });
}

function tooLong(): Refusal {
  return new Refusal(400, "The body goes on behind its parts", { closes: true });
}
