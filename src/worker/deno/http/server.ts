/**
 * The wire: requests over HTTP/1.1 to replies of a session, sections 3 to 5 of `docs/protocol.md`.
 *
 * `Deno.serve` is not used here, for it answers what is no HTTP and what has too long a head by itself and not as the protocol
 * wants it, and tells a client that has gone from one that was answered only behind an unstable flag.
 *
 * @module
 */
import type { WireRequest } from "../../../protocol/exchange.ts";
import { CALL_ID, CALL_ID_HEADER, FILES_HEADER, UPGRADE_ENDPOINT, UPGRADE_PROTOCOL } from "../../../protocol/messages.ts";
import { type Endpoint, ENDPOINTS, isEndpoint } from "../../../protocol/endpoints.ts";
import { isRecord } from "../../../protocol/json.ts";
import { Limit } from "../../../protocol/limit.ts";
import { traceFrom } from "../../../protocol/telemetry.ts";
import { BareWriter, parseBareRequest, writeBareRefusal } from "./bare_request.ts";
import { type FrameLine, isLastLine } from "../frame_line.ts";
import type { FrameSource } from "../frame_queue.ts";
import { Access, type AccessRules } from "./access.ts";
import { HeadTooLongError, HttpConnection } from "./connection.ts";
import { parseHead, type RequestHead } from "./head.ts";
import { isFramed, type ReplyWriter, replyWriter, writeContinue, writeRefusal, writeUpgrade } from "./reply_writer.ts";
import { Refusal } from "./refusal.ts";
import { BadBodyError } from "../call_arguments.ts";
import { CallIdInUseError, type WorkerSession } from "../session.ts";

/** How many connections may be open at once, those without the token included. */
const MAX_CONNECTIONS = 512;

/** How long a connection may take to show the token for the first time, in milliseconds. */
const TOKEN_TIMEOUT_MS = 5_000;

/** Serves one session. */
export class HttpServer {
  readonly #session: WorkerSession;
  readonly #access: Access;
  #open = 0;

  /** Prepares the server; {@linkcode serve} runs it. */
  constructor(session: WorkerSession, options: AccessRules) {
    this.#session = session;
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
    const length = this.#access.bodyLength(head);
    if (length > 0 && head.headers.get("expect")?.toLowerCase() === "100-continue") await writeContinue(connection);
    // The body is read before anything else is refused, so that the next request is found behind it.
    const bytes = await connection.readBody(length);
    if (isUpgrade(head)) return await this.#serveUpgraded(connection);
    const endpoint = endpointOf(head);
    const callId = checkedCallId(head.headers.get(CALL_ID_HEADER));
    const body = parseBody(bytes);
    const sharesFiles = isFramed(head) && head.headers.get(FILES_HEADER) === "shared";
    const trace = traceFrom((name) => head.headers.get(name));
    await this.#respond(connection, { endpoint, ...body, callId, sharesFiles, trace }, replyWriter(connection, head, endpoint));
    return true;
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
      const { endpoint: name, length, fields } = parseBareRequest(line);
      const bytes = await connection.readBody(this.#access.checkedLength(length));
      const endpoint = knownEndpoint(name);
      const callId = checkedCallId(fields.get("call"));
      const trace = traceFrom((name) => fields.get(name));
      const request = { endpoint, ...parseBody(bytes), callId, sharesFiles: fields.get("files") === "shared", trace };
      await this.#respond(connection, request, new BareWriter(connection));
      // Whoever has closed wants nothing of what it had sent ahead.
      return !connection.hasEnded;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await writeBareRefusal(connection, error);
      return !error.closes;
    }
  }

  async #respond(connection: HttpConnection, request: WireRequest, writer: ReplyWriter): Promise<void> {
    const reply = this.#reply(request);
    connection.watch(() => reply.abandon());
    try {
      await send(reply, writer);
    } finally {
      connection.unwatch();
    }
  }

  #reply(request: WireRequest): FrameSource {
    try {
      return this.#session.reply(request);
    } catch (error) {
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

async function readHead(connection: HttpConnection): Promise<RequestHead | undefined> {
  const text = await bounded(connection.readHead());
  if (text === undefined) return undefined;
  const head = parseHead(text);
  if (head === undefined) throw new Refusal(400, "The request is not HTTP/1.1", { closes: true });
  return head;
}

async function bounded(text: Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await text;
  } catch (error) {
    if (error instanceof HeadTooLongError) throw new Refusal(431, "The request line and headers are longer than 64 KiB", { closes: true });
    throw error;
  }
}

/** Whether the connection is to carry bare frames from here on. */
function isUpgrade({ method, path, headers }: RequestHead): boolean {
  if (path !== `/${UPGRADE_ENDPOINT}`) return false;
  if (method !== "GET") throw new Refusal(405, `The endpoint "${path}" wants GET`, { headers: { allow: "GET" } });
  const wanted = headers.get("upgrade")?.toLowerCase() === UPGRADE_PROTOCOL && headers.get("connection")?.toLowerCase().includes("upgrade");
  if (!wanted) throw new Refusal(426, `The endpoint "${path}" only upgrades its connection`, { headers: { upgrade: UPGRADE_PROTOCOL } });
  return true;
}

function endpointOf({ method, path }: RequestHead): Endpoint {
  const endpoint = knownEndpoint(path.startsWith("/") ? path.slice(1) : "");
  const rule = ENDPOINTS[endpoint];
  if (rule.method !== method) throw new Refusal(405, `The endpoint "${path}" wants ${rule.method}`, { headers: { allow: rule.method } });
  return endpoint;
}

function knownEndpoint(name: string): Endpoint {
  if (!isEndpoint(name)) throw new Refusal(404, `There is no endpoint "/${name}"`);
  return name;
}

function checkedCallId(id: string | undefined): string | undefined {
  if (id !== undefined && !CALL_ID.test(id)) throw new Refusal(400, "A call id has 1 to 128 visible ASCII characters");
  return id;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

interface ParsedBody {
  readonly body: Record<string, unknown>;
  readonly json: string;
}

function parseBody(bytes: Uint8Array): ParsedBody {
  if (bytes.length === 0) return { body: {}, json: "{}" };
  let [json, body]: [string, unknown] = ["", undefined];
  try {
    json = UTF8.decode(bytes);
    body = JSON.parse(json);
  } catch (error) {
    throw new Refusal(400, `The body is not JSON: ${(error as Error).message}`);
  }
  if (!isRecord(body)) throw new Refusal(400, "The body is not a JSON object");
  return { body, json };
}
