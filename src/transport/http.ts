/**
 * Requests over HTTP, by `fetch` on a unix socket or TCP.
 *
 * @module
 */
import { parseAddress, socketPathOf } from "../protocol/address.ts";
import { bodyText, type Exchange, type WireRequest } from "../protocol/exchange.ts";
import { CALL_ID_HEADER, FILES_HEADER, FRAMES_MEDIA_TYPE } from "../protocol/messages.ts";
import { LOGS_FEATURE, LOGS_HEADER } from "../protocol/log_body.ts";
import { PARTS_HEADER } from "../protocol/parts.ts";
import { endpointRule } from "../protocol/endpoints.ts";
import { withoutPropagation } from "../protocol/telemetry.ts";
import { BrokenReplyError, RefusedError } from "./errors.ts";
import { readReply } from "./http_reply.ts";
import { hasParts, PartsBody } from "./parts_body.ts";

/** Where a worker listens, and the token that it wants. */
export interface HttpEndpoint {
  /** `http://127.0.0.1:49152`, or `unix:/path/to/worker.sock`. */
  readonly url: string;
  /** The bearer token that the worker was started with. A worker of the original wants none. */
  readonly token?: string;
}

/** What can stand in a header behind "Bearer ". */
const TOKEN = /^[\x21-\x7e]*$/;

/**
 * Makes sure of a token before it is written into a request, of which it would otherwise become a part; the runtime's own complaint would repeat it.
 *
 * @throws {RefusedError} As the worker would, with 401.
 */
export function demandToken(token: string): void {
  if (!TOKEN.test(token)) throw new RefusedError(401, "The token has characters that no header can carry");
}

/** A connection to one worker. One client, with its pool of kept-alive connections, serves it for its whole life. */
export class HttpTransport implements Disposable {
  readonly #client: Deno.HttpClient | undefined;
  readonly #base: string;
  readonly #token: string;

  /** Prepares the client; nothing is sent. */
  constructor({ url, token }: HttpEndpoint) {
    const address = parseAddress(url);
    const socket = address && socketPathOf(address);
    // A made-up host name would be looked up, which can stall the whole runtime where name service is slow.
    this.#base = socket === undefined ? url.replace(/\/$/, "") : "http://localhost";
    this.#client = createClient(socket);
    this.#token = token ?? "";
  }

  /** Sends one request and yields the frames of its reply. */
  readonly exchange: Exchange = (request, signal) => readReply(() => this.send(request, signal), { takesParts: request.files === "parts" });

  /** Sends one request and gives the response as it comes. */
  async send(request: WireRequest, signal: AbortSignal): Promise<Response> {
    const { endpoint, callId, files, wantsLogs, trace } = request;
    const parts = hasParts(request) ? new PartsBody(request) : undefined;
    demandToken(this.#token);
    const headers: Record<string, string> = { ...trace, authorization: `Bearer ${this.#token}`, accept: FRAMES_MEDIA_TYPE };
    if (callId !== undefined) headers[CALL_ID_HEADER] = callId;
    if (files !== undefined) headers[FILES_HEADER] = files;
    if (wantsLogs) headers[LOGS_HEADER] = LOGS_FEATURE;
    if (parts !== undefined) headers[PARTS_HEADER] = String(parts.json.length);
    const { method } = endpointRule(endpoint);
    // A redirect would send the request, and what is in it, to wherever the worker likes.
    const init: RequestInit & { client?: Deno.HttpClient } = { method, headers, signal, redirect: "manual" };
    init.body = parts?.stream() ?? bodyText(request);
    if (this.#client !== undefined) init.client = this.#client;
    try {
      return await withoutPropagation(() => fetch(`${this.#base}/${endpoint}`, init));
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      if (parts?.failure !== undefined) throw parts.failure.error;
      throw new BrokenReplyError("The connection broke before the reply came", { cause });
    }
  }

  /** Closes the connections. */
  [Symbol.dispose](): void {
    this.#client?.close();
  }
}

/** How long a connection is kept for the next call, in milliseconds: the original's worker closes it after five seconds. */
const IDLE_TIMEOUT_MS = 4_000;

/** Deno Deploy has no clients of one's own; its `fetch` keeps connections by itself. */
function createClient(socket: string | undefined): Deno.HttpClient | undefined {
  const pool = { poolIdleTimeout: IDLE_TIMEOUT_MS };
  if (socket !== undefined) return Deno.createHttpClient({ ...pool, proxy: { transport: "unix", path: socket } });
  return typeof Deno.createHttpClient === "function" ? Deno.createHttpClient(pool) : undefined;
}
