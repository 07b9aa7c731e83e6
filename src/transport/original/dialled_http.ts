/**
 * Requests in origin form (`POST /execute`) over connections that somebody else opens. On a unix socket `fetch` sends the absolute form, which the original's
 * server takes for a path.
 *
 * @module
 */
import type { Dial } from "../../process/dial.ts";
import { bodyText, type WireRequest } from "../../protocol/exchange.ts";
import { endpointRule } from "../../protocol/endpoints.ts";
import { HttpReader, type ResponseHead } from "../http_reader.ts";
import { BrokenReplyError } from "../errors.ts";

/** How long a connection is kept for the next request, in milliseconds: the original's server closes it after five seconds. */
const IDLE_TIMEOUT_MS = 4_000;

interface IdleConnection {
  readonly connection: Deno.Conn;
  readonly since: number;
}

/** The connections to one worker. */
export class DialledHttp implements Disposable {
  readonly #dial: Dial;
  readonly #open = new Set<Deno.Conn>();
  #idle: IdleConnection[] = [];

  /** Nothing is opened before it is needed. */
  constructor(dial: Dial) {
    this.#dial = dial;
  }

  /** Sends one request and gives the response as it comes. Aborting the signal closes its connection. */
  async send(request: WireRequest, signal: AbortSignal): Promise<Response> {
    signal.throwIfAborted();
    const sent = new SentRequest(await this.#connection(), signal);
    try {
      await writeAll(sent.connection, requestBytes(request));
      const { status, headers } = await sent.reader.head();
      const body = sent.reader.body(headers);
      return new Response(ReadableStream.from(this.#released(sent, body, headers)), { status, headers: [...headers] });
    } catch (cause) {
      this.#close(sent);
      if (signal.aborted) throw signal.reason;
      throw new BrokenReplyError("The connection broke before the reply came", { cause });
    }
  }

  /** Closes the connections. */
  [Symbol.dispose](): void {
    for (const connection of this.#open) closeQuietly(connection);
    this.#open.clear();
    this.#idle = [];
  }

  async #connection(): Promise<Deno.Conn> {
    while (this.#idle.length > 0) {
      const { connection, since } = this.#idle.pop()!;
      if (performance.now() - since < IDLE_TIMEOUT_MS) return connection;
      this.#drop(connection);
    }
    try {
      const connection = await this.#dial();
      this.#open.add(connection);
      return connection;
    } catch (cause) {
      throw new BrokenReplyError("Nothing listens at the worker's address", { cause });
    }
  }

  /** The body; its connection can be used again when it has been read to its end. */
  async *#released(sent: SentRequest, body: AsyncGenerator<Uint8Array>, headers: ResponseHead["headers"]): AsyncGenerator<Uint8Array> {
    let complete = false;
    try {
      yield* body;
      complete = headers.get("connection")?.toLowerCase() !== "close";
    } finally {
      sent.settle();
      if (complete && this.#open.has(sent.connection)) this.#idle.push({ connection: sent.connection, since: performance.now() });
      else this.#close(sent);
    }
  }

  #close(sent: SentRequest): void {
    sent.settle();
    this.#drop(sent.connection);
  }

  #drop(connection: Deno.Conn): void {
    if (this.#open.delete(connection)) closeQuietly(connection);
  }
}

/** One request on its connection, which the signal closes. */
class SentRequest {
  readonly connection: Deno.Conn;
  readonly reader: HttpReader;
  readonly #signal: AbortSignal;
  readonly #abort = (): void => closeQuietly(this.connection);

  constructor(connection: Deno.Conn, signal: AbortSignal) {
    this.connection = connection;
    this.reader = new HttpReader(connection);
    this.#signal = signal;
    signal.addEventListener("abort", this.#abort, { once: true });
  }

  settle(): void {
    this.#signal.removeEventListener("abort", this.#abort);
  }
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // The signal has closed it already.
  }
}

function requestBytes(request: WireRequest): Uint8Array {
  const { endpoint } = request;
  const encoder = new TextEncoder();
  const content = encoder.encode(bodyText(request));
  const { method } = endpointRule(endpoint);
  const lines = [
    `${method} /${endpoint} HTTP/1.1`,
    "Host: localhost",
    "Content-Type: application/json",
    `Content-Length: ${content.length}`,
  ];
  const head = encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
  const bytes = new Uint8Array(head.length + content.length);
  bytes.set(head);
  bytes.set(content, head.length);
  return bytes;
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await connection.write(rest));
}
