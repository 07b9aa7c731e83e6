/**
 * One connection of a vector: requests go out, replies are read whole or line by line, of HTTP or, once it has been upgraded, bare.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Address } from "../../src/protocol/address.ts";
import type { HeldFrames } from "../../src/protocol/messages.ts";
import { CONNECTION_HEADER, UPGRADE_ENDPOINT, UPGRADE_PROTOCOL } from "../../src/protocol/upgrade.ts";
import { within } from "../support/guard.ts";
import { readLine } from "./marked_lines.ts";
import { CutShort, RawConnection, type ReplyHead } from "../support/raw_http.ts";

/** A reply that has been read to its end. */
export interface Reply {
  readonly head: ReplyHead;
  /** The part of the body that had not been read before. */
  readonly text: string;
  /** How many lines of the body had been read before. */
  readonly linesBefore: number;
  /** Whether there was no HTTP around the body. */
  readonly isBare: boolean;
}

/** A connection, and the reply that is being read from it. */
export class Conversation implements Disposable {
  readonly #connection: RawConnection;
  #current: ReplyReader | undefined;
  #isBare = false;
  #name: string | undefined;

  private constructor(connection: RawConnection) {
    this.#connection = connection;
  }

  /** Connects. */
  static async open(address: Address): Promise<Conversation> {
    return new Conversation(await within(RawConnection.open(address), "a connection"));
  }

  /** Connects, and has the connection upgraded. It gets a name when the worker's farewell is heard. */
  static async openUpgraded(address: Address, token: string, name?: string): Promise<Conversation> {
    using owned = new DisposableStack();
    const conversation = owned.use(await Conversation.open(address));
    conversation.#name = name;
    const named = name === undefined ? "" : `${CONNECTION_HEADER}: ${name}\r\n`;
    const head = `GET /${UPGRADE_ENDPOINT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n`;
    await conversation.send(`${head}Connection: Upgrade\r\nUpgrade: ${UPGRADE_PROTOCOL}\r\n${named}\r\n`);
    const reply = await conversation.finish();
    assertEquals([reply.head.status, reply.head.headers.get("upgrade")], [101, UPGRADE_PROTOCOL]);
    owned.move();
    return conversation;
  }

  /** Whether it has been upgraded. */
  get isBare(): boolean {
    return this.#isBare;
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
    const reply = { head: reader.head, text, linesBefore: reader.linesRead, isBare: this.#isBare };
    this.#isBare ||= reply.head.status === 101;
    return reply;
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

  /** The lines of the first bare reply, whose worker ends: those that came, and those that the farewell says were held back. */
  async lastWords(farewell: Promise<readonly HeldFrames[]>): Promise<string[]> {
    const came = await within(this.#connection.readAll(), "the end of the connection");
    const held = (await farewell).find(({ connection }) => connection === this.#name);
    if (held !== undefined && held.at > came.length) throw new Error(`Held back at ${held.at}, where only ${came.length} bytes came`);
    // What has come is not taken again.
    const text = held === undefined ? came : came + held.frames.slice(came.length - held.at);
    return text.split("\n").slice(0, -1);
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
    if (this.#isBare) return this.#current = new BareReplyReader(this.#connection);
    const head = await within(this.#connection.readHead(), "a reply");
    return this.#current = new HttpReplyReader(head, this.#connection.readBody(head));
  }
}

interface ReplyReader {
  readonly head: ReplyHead;
  readonly linesRead: number;
  line(): Promise<string>;
  rest(): Promise<string>;
}

/** A reply without HTTP: its lines up to the last frame, or the refusal in their place, which is shown as HTTP shows it. */
class BareReplyReader implements ReplyReader {
  head: ReplyHead = { status: 200, headers: new Map() };
  linesRead = 0;
  readonly #connection: RawConnection;

  constructor(connection: RawConnection) {
    this.#connection = connection;
  }

  async line(): Promise<string> {
    this.linesRead++;
    return await this.#connection.readLine();
  }

  async rest(): Promise<string> {
    let text = "";
    while (true) {
      const line = await this.#connection.readLine();
      const { frame, sizes } = readLine(line);
      if (frame.refused !== undefined) return this.#refusal(frame.refused);
      text += `${line}\n`;
      for (const size of sizes) text += await this.#connection.readText(size);
      if (Object.hasOwn(frame, "result") || Object.hasOwn(frame, "error")) return text;
    }
  }

  #refusal({ status, detail }: { status: number; detail: string }): string {
    this.head = { status, headers: new Map() };
    return JSON.stringify({ detail });
  }
}

class HttpReplyReader implements ReplyReader {
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
