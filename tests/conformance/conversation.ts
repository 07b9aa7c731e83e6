/**
 * One connection of a vector: requests go out, replies are read whole or line by line.
 *
 * @module
 */
import type { Address } from "../../src/protocol/messages.ts";
import { within } from "../support/guard.ts";
import { CutShort, RawConnection, type ReplyHead } from "../support/raw_http.ts";

/** A reply that has been read to its end. */
export interface Reply {
  readonly head: ReplyHead;
  /** The part of the body that had not been read before. */
  readonly text: string;
  /** How many lines of the body had been read before. */
  readonly linesBefore: number;
}

/** A connection, and the reply that is being read from it. */
export class Conversation implements Disposable {
  readonly #connection: RawConnection;
  #current: ReplyReader | undefined;

  private constructor(connection: RawConnection) {
    this.#connection = connection;
  }

  /** Connects. */
  static async open(address: Address): Promise<Conversation> {
    return new Conversation(await within(RawConnection.open(address), "a connection"));
  }

  /** Sends bytes. */
  async send(data: string | Uint8Array): Promise<void> {
    await within(this.#connection.write(data), "the worker to read");
  }

  /** Reads one line of the current reply's body. */
  async nextLine(): Promise<string> {
    return await within((await this.#reader()).line(), "a line of the reply");
  }

  /** Reads what is left of the current reply. */
  async finish(): Promise<Reply> {
    const reader = await this.#reader();
    const text = await within(reader.rest(), "the end of the reply");
    this.#current = undefined;
    return { head: reader.head, text, linesBefore: reader.linesRead };
  }

  /** Reads on until the connection breaks; false when the reply ends as it should. */
  async isCutShort(): Promise<boolean> {
    try {
      await this.finish();
      return false;
    } catch (error) {
      if (error instanceof CutShort) return true;
      throw error;
    }
  }

  /** Whether the worker has closed the connection, or closes it now. */
  async isEnded(): Promise<boolean> {
    return await within(this.#connection.isEnded(), "the worker to close the connection");
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.#connection.close();
  }

  async #reader(): Promise<ReplyReader> {
    if (this.#current !== undefined) return this.#current;
    const head = await within(this.#connection.readHead(), "a reply");
    return this.#current = new ReplyReader(head, this.#connection.readBody(head));
  }
}

class ReplyReader {
  readonly head: ReplyHead;
  linesRead = 0;
  readonly #pieces: AsyncGenerator<Uint8Array>;
  // Bytes on the wire are UTF-8, and a reader that mends what is not would hide it.
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #unread = "";

  constructor(head: ReplyHead, pieces: AsyncGenerator<Uint8Array>) {
    this.head = head;
    this.#pieces = pieces;
  }

  async line(): Promise<string> {
    while (!this.#unread.includes("\n")) {
      const { value, done } = await this.#pieces.next();
      if (done) throw new Error(`The reply ended before another line: ${this.#unread}`);
      this.#unread += this.#decoder.decode(value, { stream: true });
    }
    const end = this.#unread.indexOf("\n");
    const line = this.#unread.slice(0, end);
    this.#unread = this.#unread.slice(end + 1);
    this.linesRead++;
    return line;
  }

  async rest(): Promise<string> {
    const parts = [this.#unread];
    for await (const piece of this.#pieces) parts.push(this.#decoder.decode(piece, { stream: true }));
    parts.push(this.#decoder.decode());
    return parts.join("");
  }
}
