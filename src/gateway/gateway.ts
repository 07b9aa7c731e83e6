/**
 * The plugins of a manager over HTTP: the wire of `docs/protocol.md`, with the plugin's name before the endpoint.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import type { PluginManager } from "../manager/plugin_manager.ts";
import type { PluginInterface } from "../plugin/members.ts";
import { endpointRule } from "../protocol/endpoints.ts";
import { CALL_ID, CALL_ID_HEADER, FRAMES_MEDIA_TYPE } from "../protocol/messages.ts";
import { messageOf } from "../protocol/text.ts";
import { framesOf } from "./frames.ts";
import { OpenCalls } from "./open_calls.ts";
import { operate } from "./operations.ts";
import { FrameStream, plainReply, refusal } from "./reply.ts";
import { type GatewayRequest, isKnownEndpoint, misplacedArguments, pathOf, readBody } from "./request.ts";

/** What {@linkcode createGateway} takes. */
export interface GatewayOptions {
  /** What every request has to carry, as `Authorization: Bearer …`. */
  readonly token: string;
}

/** What a server tells of a request, as `Deno.serve` does. */
export interface GatewayRequestInfo {
  /** Rejects when the client has gone before it had the reply. */
  readonly completed: Promise<void>;
}

/** Answers requests. Give it to `Deno.serve()`, or to a framework that has standard requests and responses. */
export type GatewayHandler = (request: Request, info?: GatewayRequestInfo) => Promise<Response>;

/**
 * Makes a manager's plugins reachable over HTTP. `RemotePluginProxy.attach({ url, token })` in another program calls one of them, its URL being that of
 * the server with the plugin's name behind it. The manager stays its owner's, who disposes of it when the server has ended.
 *
 * @example
 * ```ts no-eval
 * import { createGateway } from "@remote-plugin/proxy/gateway";
 * import { PluginManager } from "@remote-plugin/proxy/manager";
 *
 * await using manager = await PluginManager.create({ folders: ["./plugins"] });
 * await using server = Deno.serve({ port: 8000 }, createGateway(manager, { token: Deno.env.get("TOKEN")! }));
 * await server.finished;
 * ```
 */
export function createGateway(manager: PluginManager, { token }: GatewayOptions): GatewayHandler {
  const gateway = new Gateway(manager, token);
  return (request, info) => gateway.answer(request, info);
}

class Gateway {
  readonly #manager: PluginManager;
  readonly #tokenDigest: Promise<Uint8Array>;
  readonly #calls = new OpenCalls();

  constructor(manager: PluginManager, token: string) {
    this.#manager = manager;
    this.#tokenDigest = digest(`Bearer ${token}`);
  }

  /** Answers one request. */
  async answer(request: Request, info: GatewayRequestInfo | undefined): Promise<Response> {
    if (request.headers.has("origin")) return refusal(STATUS_CODE.Forbidden, "Requests of web pages are refused");
    if (!await this.#isAllowed(request.headers.get("authorization") ?? "")) {
      return refusal(STATUS_CODE.Unauthorized, "The token is missing or wrong");
    }
    const path = pathOf(request);
    if (path === undefined) return refusal(STATUS_CODE.BadRequest, "The path is malformed");
    if (request.method === "GET" && path.length === 1 && path[0] === "") return Response.json(this.#manager.list());
    if (request.method === "GET" && path.length === 1 && path[0] === "stats") return Response.json(await this.#manager.getStats());
    const [plugin = "", endpoint = ""] = path;
    if (request.method === "GET" && path.length === 1) return this.#describe(plugin);
    if (path.length !== 2 || !isKnownEndpoint(endpoint)) return refusal(STATUS_CODE.NotFound, `There is no endpoint "${path.join("/")}"`);
    const { method } = endpointRule(endpoint);
    if (request.method !== method) return refusal(STATUS_CODE.MethodNotAllowed, `"${endpoint}" takes ${method}`);
    const callId = request.headers.get(CALL_ID_HEADER) ?? undefined;
    if (callId !== undefined && !CALL_ID.test(callId)) return refusal(STATUS_CODE.BadRequest, "The call id is malformed");
    if (this.#calls.has(plugin, callId)) return refusal(STATUS_CODE.Conflict, `The call id "${callId}" is that of an open call`);
    const body = await readBody(request);
    if (body instanceof Response) return body;
    const misplaced = misplacedArguments({ endpoint, body });
    if (misplaced !== undefined) return refusal(STATUS_CODE.BadRequest, misplaced);
    return await this.#call({ plugin, endpoint, body, callId }, request, info);
  }

  /** What is known of a plugin without starting it. */
  #describe(plugin: string): Response {
    try {
      return Response.json(this.#manager.info(plugin));
    } catch (error) {
      return refusal(STATUS_CODE.NotFound, messageOf(error));
    }
  }

  async #call(asked: GatewayRequest, request: Request, info: GatewayRequestInfo | undefined): Promise<Response> {
    const { plugin, endpoint, callId } = asked;
    let handle: PluginInterface;
    try {
      handle = this.#manager.get(plugin);
    } catch (error) {
      return refusal(STATUS_CODE.NotFound, messageOf(error));
    }
    const call = this.#calls.open(plugin, callId);
    // A client that closes its connection has abandoned its call.
    (info?.completed ?? clientGone(request)).catch(() => call.cancel());
    const target = { handle, manager: this.#manager, calls: this.#calls };
    const frames = framesOf((onProgress) => operate(asked, target, { signal: call.signal, onProgress }));
    const stream = new FrameStream(frames, { onEnd: () => call.end(), onCancel: () => call.cancel() });
    const isFramed = request.headers.get("accept")?.includes(FRAMES_MEDIA_TYPE) ?? false;
    return isFramed ? await stream.framedReply() : await plainReply(stream, endpoint);
  }

  async #isAllowed(authorization: string): Promise<boolean> {
    const [given, wanted] = await Promise.all([digest(authorization), this.#tokenDigest]);
    return timingSafeEqual(given, wanted);
  }
}

/** Texts of one length, whatever was given. */
async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** Rejects when the server lets go of the request, where it tells no more of it. After the reply that does no harm. */
function clientGone({ signal }: Request): Promise<void> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}
