/**
 * The wire: requests over HTTP/1.1 to replies of a session, sections 3 to 5 of `docs/protocol.md`.
 *
 * `Deno.serve` is not used here, for it answers what is no HTTP and what has too long a head by itself and not as the protocol
 * wants it, and tells a client that has gone from one that was answered only behind an unstable flag.
 *
 * @module
 */
import type { WireRequest } from "../../../protocol/exchange.ts";
import { PARTS_HEADER } from "../../../protocol/parts.ts";
import { Limit } from "../../../protocol/limit.ts";
import type { ScratchFiles } from "../scratch_files.ts";
import { type BareRequestLine, BareWriter, parseBareRequest, writeBareRefusal } from "./bare_request.ts";
import { type FrameLine, isLastLine } from "../frame_line.ts";
import type { FrameSource } from "../frame_queue.ts";
import { Access, type AccessRules } from "./access.ts";
import { type BodySource, OpenBody } from "./body_source.ts";
import { HttpConnection } from "./connection.ts";
import type { RequestHead } from "./head.ts";
import { isFramed, type ReplyWriter, replyWriter, writeContinue, writeRefusal, writeUpgrade } from "./reply_writer.ts";
import { receiveBody, type ReceivedBody, sourceOf } from "./parts_request.ts";
import { Refusal } from "./refusal.ts";
import { bareRequestOf, bounded, closing, isUpgrade, parseBody, readHead, requestOf, uploadTo } from "./requests.ts";
import { BadBodyError } from "../call_arguments.ts";
import { CallIdInUseError, type ReceivedRequest, type WorkerSession } from "../session.ts";

/** How many connections may be open at once, those without the token included. */
const MAX_CONNECTIONS = 512;

/** How long a connection may take to show the token for the first time, in milliseconds. */
const TOKEN_TIMEOUT_MS = 5_000;

/** Who is let in, and where files lie. */
export interface ServerOptions extends AccessRules {
  /** Where files come and go as bytes behind the JSON; none do without it. */
  readonly scratch?: ScratchFiles;
}

/** Serves one session. */
export class HttpServer {
  readonly #session: WorkerSession;
  readonly #access: Access;
  readonly #scratch: ScratchFiles | undefined;
  #open = 0;

  /** Prepares the server; {@linkcode serve} runs it. */
  constructor(session: WorkerSession, options: ServerOptions) {
    this.#session = session;
    this.#scratch = options.scratch;
    this.#access = new Access(options);
  }

  /** Answers every connection for as long as the process lives. */
  async serve(listener: Deno.Listener): Promise<never> {
    while (true) {
      const conn = await accept(listener);
      setNoDelay(conn);
      if (this.#open >= MAX_CONNECTIONS) conn.close();
      else void this.#serveConnection(new HttpConnection(conn));
    }
  }

  async #serveConnection(connection: HttpConnection): Promise<void> {
    this.#open++;
    {
      using limit = new TokenLimit(this.#session.loaded, () => connection.close());
      try {
        while (await this.#serveRequest(connection, () => limit[Symbol.dispose]()));
      } catch {
        // The client has gone, and its call has been told.
      }
    }
    await connection.closeGently().catch(() => {});
    this.#open--;
  }

  /** Answers one request. Returns whether another may follow on this connection. */
  async #serveRequest(connection: HttpConnection, onAuthorized: () => void): Promise<boolean> {
    let keepsAlive = false;
    try {
      const head = await readHead(connection);
      if (head === undefined) return false;
      keepsAlive = head.headers.get("connection")?.toLowerCase() !== "close";
      this.#access.check(head);
      onAuthorized();
      keepsAlive = await this.#answer(connection, head) && keepsAlive;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await writeRefusal(connection, error);
      keepsAlive &&= !error.closes;
    }
    return keepsAlive;
  }

  /** Answers one request of HTTP, or makes its connection one of bare frames. Returns whether that goes on as HTTP. */
  async #answer(connection: HttpConnection, head: RequestHead): Promise<boolean> {
    const isUpload = head.headers.has(PARTS_HEADER);
    if (isUpload) return await this.#answerUpload(connection, head);
    const length = this.#access.bodyLength(head);
    if (length > 0 && head.headers.get("expect")?.toLowerCase() === "100-continue") await writeContinue(connection);
    // The body is read before anything else is refused, so that the next request is found behind it.
    const bytes = await connection.readBody(length);
    if (isUpgrade(head)) return await this.#serveUpgraded(connection);
    const request = requestOf(head);
    const writer = replyWriter(connection, head, { endpoint: request.endpoint, scratch: this.#partsOf(request) });
    await this.#respond(connection, { ...request, ...parseBody(bytes), isPlain: !isFramed(head) }, writer);
    return true;
  }

  /** Answers a request with files. They are read when nothing else stands against it. */
  async #answerUpload(connection: HttpConnection, head: RequestHead): Promise<boolean> {
    const request = closing(() => uploadTo(requestOf(head)));
    const source = sourceOf(connection, head);
    if (head.headers.get("expect")?.toLowerCase() === "100-continue") await writeContinue(connection);
    const writer = replyWriter(connection, head, { endpoint: request.endpoint, scratch: this.#partsOf(request) });
    const body = await this.#receive(source, head.headers.get(PARTS_HEADER)!);
    await this.#respond(connection, { ...request, ...body, isPlain: !isFramed(head) }, writer);
    return true;
  }

  #receive(source: BodySource, jsonLength: string): Promise<ReceivedBody> {
    return receiveBody(source, this.#access.checkedLength(jsonLength), this.#scratch);
  }

  /** Where files are that a reply may have behind its frames; `undefined` when it may have none. */
  #partsOf({ files }: WireRequest): ScratchFiles | undefined {
    return files === "parts" ? this.#scratch : undefined;
  }

  /** Answers bare requests until the connection ends. */
  async #serveUpgraded(connection: HttpConnection): Promise<false> {
    await writeUpgrade(connection);
    // The next request is looked at when the answer to this one is with the kernel: so a host whose worker dies knows which of several may have begun.
    while (await this.#serveBareRequest(connection));
    return false;
  }

  async #serveBareRequest(connection: HttpConnection): Promise<boolean> {
    try {
      const line = await bounded(connection.readLine());
      if (line === undefined) return false;
      const bare = parseBareRequest(line);
      const request = bare.fields.has("parts") ? await this.#bareUpload(connection, bare) : await this.#bareRequest(connection, bare);
      await this.#respond(connection, request, new BareWriter(connection, this.#partsOf(request)));
      // Whoever has closed wants nothing of what it had sent ahead.
      return !connection.hasEnded;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await writeBareRefusal(connection, error);
      return !error.closes;
    }
  }

  async #bareRequest(connection: HttpConnection, bare: BareRequestLine): Promise<ReceivedRequest> {
    const bytes = await connection.readBody(this.#access.checkedLength(bare.length));
    return { ...bareRequestOf(bare), ...parseBody(bytes) };
  }

  async #bareUpload(connection: HttpConnection, bare: BareRequestLine): Promise<ReceivedRequest> {
    const request = closing(() => uploadTo(bareRequestOf(bare)));
    return { ...request, ...await this.#receive(new OpenBody(connection), bare.length) };
  }

  async #respond(connection: HttpConnection, request: ReceivedRequest, writer: ReplyWriter): Promise<void> {
    const reply = this.#reply(request);
    connection.watch(() => reply.abandon());
    try {
      await send(reply, writer);
    } finally {
      connection.unwatch();
    }
  }

  #reply(request: ReceivedRequest): FrameSource {
    try {
      return this.#session.reply(request);
    } catch (error) {
      request.inputs?.[Symbol.dispose]();
      if (error instanceof CallIdInUseError) throw new Refusal(409, error.message);
      if (error instanceof BadBodyError) throw new Refusal(400, error.message);
      throw error;
    }
  }
}

/** Closes a connection that does not show the token in time. It begins when the plugin is loaded: the runtime takes 3 ms to load its timers. */
class TokenLimit implements Disposable {
  #isOver = false;
  #limit: Limit | undefined;

  constructor(loaded: Promise<void>, close: () => void) {
    void loaded.then(() => {
      if (!this.#isOver) this.#limit = new Limit(TOKEN_TIMEOUT_MS, close);
    });
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#limit?.[Symbol.dispose]();
    this.#limit = undefined;
  }
}

/** How long to wait for one connection to end when the process may open no more of them. */
const ACCEPT_PAUSE_MS = 50;

async function accept(listener: Deno.Listener): Promise<Deno.Conn> {
  while (true) {
    try {
      return await listener.accept();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
    }
  }
}

function setNoDelay(conn: Deno.Conn): void {
  try {
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay(true);
  } catch {
    // Some systems refuse it for a client that has gone already, which the first read finds out.
  }
}

async function send(reply: FrameSource, writer: ReplyWriter): Promise<void> {
  try {
    let lines: readonly FrameLine[];
    do lines = await reply.take(); while (!await writer.write(lines));
    // A plain stream ends early at a chunk that it cannot carry.
    if (!lines.some(isLastLine)) reply.abandon();
  } catch (error) {
    reply.abandon();
    throw error;
  } finally {
    reply.leave();
  }
}
