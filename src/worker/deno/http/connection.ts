/**
 * One connection: bytes in as heads and bodies, bytes out as replies.
 *
 * @module
 */
import { MAX_HEADER_BYTES } from "../../../protocol/sizes.ts";

const READ_BYTES = 64 * 1024;

/** What a client sends ahead is read up to so many bytes: as much as a host sends behind its first request, and what it reads at once besides. */
const MOST_AHEAD_BYTES = 128 * 1024;

/** How long a refused client is listened to, so that it reads the refusal before it finds the connection closed. */
const LINGER_MS = 1000;

/** The head is longer than {@linkcode MAX_HEADER_BYTES}. */
export class HeadTooLongError extends Error {
  override name = "HeadTooLongError";
}

/** The client has gone in the middle of a request. */
export class ConnectionEndedError extends Error {
  override name = "ConnectionEndedError";
}

/** A kept-alive connection, read one request at a time. */
export class HttpConnection {
  readonly #conn: Deno.Conn;
  readonly #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(READ_BYTES);
  /** Bytes that have been read and not yet used. */
  #held: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #reading: Promise<boolean> | undefined;
  #hasEnded = false;
  #onClosed: (() => void) | undefined;

  /** Takes over a connection. */
  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /**
   * The text of the next request's head, or `undefined` when the client has closed instead.
   *
   * @throws {HeadTooLongError} When its end does not come in time.
   */
  readHead(): Promise<string | undefined> {
    return this.#readText(findHeadEnd, HEAD_END.length);
  }

  /**
   * The text of the next line, or `undefined` when the client has closed instead.
   *
   * @throws {HeadTooLongError} When its end does not come in time.
   */
  readLine(): Promise<string | undefined> {
    return this.#readText(findLineEnd, 1);
  }

  async #readText(findEnd: (bytes: Uint8Array) => number, endLength: number): Promise<string | undefined> {
    while (true) {
      const end = findEnd(this.#held);
      if (end > MAX_HEADER_BYTES || (end < 0 && this.#held.length > MAX_HEADER_BYTES)) throw new HeadTooLongError();
      if (end >= 0) return latin1(this.#use(end + endLength).subarray(0, end));
      if (!await this.#read()) return undefined;
    }
  }

  /**
   * The next bytes, this many.
   *
   * @throws {ConnectionEndedError} When they do not come.
   */
  async readBody(length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (length <= this.#held.length) return this.#use(length);
    const body = new Uint8Array(length);
    for (let filled = 0; filled < length;) filled += await this.#fill(body.subarray(filled));
    return body;
  }

  /**
   * Some of the next bytes, at most this many.
   *
   * @throws {ConnectionEndedError} When none come.
   */
  async readSome(most: number): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#held.length === 0 && !await this.#read()) throw new ConnectionEndedError();
    return this.#use(Math.min(most, this.#held.length));
  }

  /** Takes back what was read and belongs to what comes next. */
  unread(bytes: Uint8Array): void {
    this.#held = this.#held.length === 0 ? new Uint8Array(bytes) : joined([bytes, this.#held]);
  }

  /** What is held comes first, then what a read under way brings; only then is a body read into its own memory. */
  async #fill(memory: Uint8Array<ArrayBuffer>): Promise<number> {
    if (this.#held.length === 0 && this.#reading !== undefined) await this.#reading;
    const held = this.#use(Math.min(this.#held.length, memory.length));
    memory.set(held);
    const count = held.length > 0 ? held.length : await this.#conn.read(memory);
    if (count === null) throw new ConnectionEndedError();
    return count;
  }

  /** Calls back when the client closes while its request is being answered. What it sends meanwhile is kept, as far as there is room. */
  watch(onClosed: () => void): void {
    this.#onClosed = onClosed;
    this.#readAhead();
  }

  /** Whether the client has closed. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Ends that. */
  unwatch(): void {
    this.#onClosed = undefined;
  }

  #readAhead(): void {
    if (this.#hasEnded) this.#onClosed?.();
    else if (this.#onClosed !== undefined && this.#held.length < MOST_AHEAD_BYTES) void this.#read();
  }

  /** Writes all of it. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length;) written += await this.#conn.write(bytes.subarray(written));
  }

  /** Writes text as UTF-8. */
  writeText(text: string): Promise<void> {
    return this.write(UTF8.encode(text));
  }

  /** Closes for writing, and for reading when the client has done the same or a moment has passed. */
  async closeGently(): Promise<void> {
    const timer = setTimeout(() => this.close(), LINGER_MS);
    try {
      await this.#conn.closeWrite();
      while (await this.#read()) this.#held = new Uint8Array(0);
    } finally {
      clearTimeout(timer);
      this.close();
    }
  }

  /** Closes at once; twice is harmless. */
  close(): void {
    try {
      this.#conn.close();
    } catch {
      // It is closed already.
    }
  }

  /** Reads more into what is held. A read that `watch` has begun is the same one. */
  #read(): Promise<boolean> {
    return this.#reading ??= this.#readOnce();
  }

  async #readOnce(): Promise<boolean> {
    const count = await this.#conn.read(this.#buffer).catch(() => null);
    this.#reading = undefined;
    if (count === null) this.#hasEnded = true;
    else this.#hold(this.#buffer.subarray(0, count));
    this.#readAhead();
    return count !== null;
  }

  #hold(bytes: Uint8Array<ArrayBuffer>): void {
    this.#held = this.#held.length === 0 ? bytes.slice() : joined([this.#held, bytes]);
  }

  #use(length: number): Uint8Array<ArrayBuffer> {
    const used = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return used;
  }
}

/** Several pieces in one; a single one is not copied. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  if (pieces.length === 1) return pieces[0] as Uint8Array<ArrayBuffer>;
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

const HEAD_END = "\r\n\r\n";

function findHeadEnd(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(0x0d); at >= 0; at = bytes.indexOf(0x0d, at + 1)) {
    if (bytes[at + 1] === 0x0a && bytes[at + 2] === 0x0d && bytes[at + 3] === 0x0a) return at;
  }
  return -1;
}

function findLineEnd(bytes: Uint8Array): number {
  return bytes.indexOf(0x0a);
}

const UTF8 = new TextEncoder();
const LATIN1 = new TextDecoder("latin1");

function latin1(bytes: Uint8Array): string {
  return LATIN1.decode(bytes);
}
