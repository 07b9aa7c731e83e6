/**
 * The plugins of a manager over HTTP: the wire of `docs/protocol.md`, with the plugin's name before the endpoint.
 *
 * @module
 */
import { messageOf } from "../protocol/text.ts";
import { CallCancelledError, CallError, PluginError, RemoteError, WorkerStartError } from "../errors.ts";
import type { PluginManager } from "../manager/plugin_manager.ts";
import { FileResult } from "../payload/file_result.ts";
import type { CallOptions } from "../plugin/interface.ts";
import type { PluginInterface } from "../plugin/members.ts";
import { CALL_ID, CALL_ID_HEADER, type ErrorBody, FRAMES_MEDIA_TYPE } from "../protocol/messages.ts";
import { type Endpoint, endpointRule, ENDPOINTS, type ExtensionEndpoint, EXTENSIONS } from "../protocol/endpoints.ts";
import { MAX_BODY_BYTES, MAX_FRAME_BYTES } from "../protocol/sizes.ts";
import { PROTOCOL_VERSION } from "../protocol/version.ts";
import { type Frame, isLastFrame, type ValueTypes } from "../protocol/frames.ts";
import type { InlineFile } from "../protocol/file_values.ts";
import { findLongInteger } from "../protocol/exact_integers.ts";
import { decodeValue, encodeValue, FILE_TYPE, fillSlot, toPlace, toPointer } from "../protocol/values.ts";
import { FrameStream, plainReply, refusal } from "./reply.ts";

/** The longest request body, in bytes: that of a worker. */

interface GatewayRequest {
  readonly plugin: string;
  readonly endpoint: Endpoint | ExtensionEndpoint;
  readonly body: Readonly<Record<string, unknown>>;
  readonly callId: string | undefined;
}

interface Target extends Pick<GatewayRequest, "plugin" | "endpoint"> {
  /** Rejects when the client goes away. */
  readonly completed: Promise<void>;
}

/** Answers HTTP requests by calling the manager's plugins. */
export class Gateway {
  readonly #manager: PluginManager;
  readonly #tokenDigest: Promise<Uint8Array>;
  readonly #calls = new Map<string, AbortController>();

  /** Requests have to carry the token. */
  constructor(manager: PluginManager, token: string) {
    this.#manager = manager;
    this.#tokenDigest = digest(`Bearer ${token}`);
  }

  /** Answers one request. */
  readonly handle = async (request: Request, { completed }: Pick<Deno.ServeHandlerInfo, "completed">): Promise<Response> => {
    if (request.headers.has("origin")) return refusal(403, "Requests of web pages are refused");
    if (!await this.#isAllowed(request.headers.get("authorization") ?? "")) return refusal(401, "The token is missing or wrong");
    const path = pathOf(request);
    if (path === undefined) return refusal(400, "The path is malformed");
    if (request.method === "GET" && path.length === 1 && path[0] === "") return Response.json(this.#manager.list());
    if (request.method === "GET" && path.length === 1 && path[0] === "stats") return Response.json(await this.#manager.getStats());
    const [plugin = "", endpoint = ""] = path;
    if (path.length !== 2 || !isEndpoint(endpoint)) return refusal(404, `There is no endpoint "${path.join("/")}"`);
    const { method } = endpointRule(endpoint);
    if (request.method !== method) return refusal(405, `"${endpoint}" takes ${method}`);
    return await this.#answer(request, { plugin, endpoint, completed });
  };

  async #answer(request: Request, { plugin, endpoint, completed }: Target): Promise<Response> {
    const callId = request.headers.get(CALL_ID_HEADER) ?? undefined;
    const key = `${plugin} ${callId}`;
    if (callId !== undefined && !CALL_ID.test(callId)) return refusal(400, "The call id is malformed");
    if (callId !== undefined && this.#calls.has(key)) return refusal(409, `The call id "${callId}" is that of an open call`);
    const body = await readBody(request);
    if (body instanceof Response) return body;
    let handle: PluginInterface;
    try {
      handle = this.#manager.get(plugin);
    } catch (error) {
      return refusal(404, (error as Error).message);
    }
    const call = new AbortController();
    // A client that closes its connection has abandoned its call.
    completed.catch(() => call.abort(cancelled(plugin)));
    if (callId !== undefined) this.#calls.set(key, call);
    const frames = this.#frames(handle, { plugin, endpoint, body, callId }, call.signal);
    const isFramed = request.headers.get("accept")?.includes(FRAMES_MEDIA_TYPE) ?? false;
    const onEnd = () => void (callId !== undefined && this.#calls.delete(key));
    const stream = new FrameStream(frames, { onEnd, onCancel: () => call.abort(cancelled(plugin)) });
    return isFramed ? await stream.framedReply() : await plainReply(stream, endpoint);
  }

  async *#frames(handle: PluginInterface, request: GatewayRequest, signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    const progress: Frame[] = [];
    let wake = Promise.withResolvers<void>();
    const onProgress = (report: { progress: number; message: string }) => {
      progress.push({ ...report });
      wake.resolve();
    };
    const outcome = this.#operation(handle, request, { signal, onProgress });
    let next = stepOf(outcome);
    while (true) {
      const step = await Promise.race([next, wake.promise]);
      yield* progress.splice(0);
      if (step === undefined) {
        wake = Promise.withResolvers();
        continue;
      }
      yield step;
      if (isLastFrame(step)) return;
      next = stepOf(outcome);
    }
  }

  /** What is asked for: yields chunks, returns the result. */
  async *#operation(
    handle: PluginInterface,
    { endpoint, body, ...request }: GatewayRequest,
    options: CallOptions,
  ): AsyncGenerator<unknown, unknown, void> {
    const { kwargs = {}, args = [] } = body as { kwargs?: Record<string, unknown>; args?: unknown[] };
    const { callId } = request;
    switch (endpoint) {
      case "execute":
        return await handle.execute(kwargs, { ...options, args, callId });
      case "execute_stream":
        yield* handle.executeStream(kwargs, { ...options, args, callId });
        return null;
      case "initialize":
        return await handle.initialize(body, options).then(() => ({ status: "ok" }));
      case "reconfigure":
        return await handle.reconfigure((body.new_config ?? {}) as Record<string, unknown>, options).then(() => ({
          status: "reconfigured",
        }));
      case "prefetch":
        return { status: await handle.prefetch(options) ? "prefetched" : "not_supported" };
      case "cleanup":
        return { status: "cleaned" };
      case "in_use":
        return { in_use: true }; // It shares no files with its clients.
      case "cancel":
        return { status: await this.#cancel(handle, request.plugin, body.call_id) ? "cancelled" : "not_running" };
      case "stats":
        return await handle.getStats(options);
      case "progress":
        return await handle.getProgress(options);
      case "config":
        return await handle.getCurrentConfig(options);
      case "config_schema":
        return await handle.getConfigSchema(options);
      case "signatures":
        return await handle.getSignatures(options);
      case "ready":
        await this.#manager.load(request.plugin);
        return { name: handle.name, version: handle.version, methods: [] };
      case "health":
        return this.#health(handle, request.plugin);
      default:
        return await handle.extension(endpoint, body, options);
    }
  }

  async #cancel(handle: PluginInterface, plugin: string, callId: unknown): Promise<boolean> {
    if (callId === undefined) return await handle.cancel();
    const call = this.#calls.get(`${plugin} ${callId}`);
    call?.abort(cancelled(plugin));
    return call !== undefined;
  }

  #health({ name, version }: PluginInterface, plugin: string): Record<string, unknown> {
    const { maxConcurrency } = this.#manager.info(plugin);
    const running = [...this.#calls.keys()].filter((key) => key.startsWith(`${plugin} `)).length;
    const calls = { running, queued: 0 };
    return { status: "running", pid: Deno.pid, name, version, protocol: PROTOCOL_VERSION, max_concurrency: maxConcurrency, calls };
  }

  /** Digests take the same time to compare wherever they differ. */
  async #isAllowed(authorization: string): Promise<boolean> {
    const [given, wanted] = await Promise.all([digest(authorization), this.#tokenDigest]);
    return given.reduce((difference, byte, at) => difference | (byte ^ wanted[at]!), 0) === 0;
  }
}

function pathOf({ url }: Request): string[] | undefined {
  try {
    return new URL(url).pathname.split("/").slice(1).map(decodeURIComponent);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function isEndpoint(name: string): name is Endpoint | ExtensionEndpoint {
  return Object.hasOwn(ENDPOINTS, name) || Object.hasOwn(EXTENSIONS, name);
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

async function readBody(request: Request): Promise<Record<string, unknown> | Response> {
  const length = Number(request.headers.get("content-length") ?? 0);
  if (request.body !== null && !request.headers.has("content-length")) return refusal(411, "The body has no Content-Length");
  if (length > MAX_BODY_BYTES) return refusal(413, `The body is longer than ${MAX_BODY_BYTES} bytes`);
  const text = await request.text().catch(() => undefined);
  // Its client has left, or sends no more: if anybody reads this, it is not his arguments that are wrong.
  if (text === undefined) return refusal(400, "The body ended before its Content-Length");
  if (text === "") return {};
  try {
    const whole: unknown = JSON.parse(text);
    if (typeof whole === "object" && whole !== null && !Array.isArray(whole)) return decodeBody(whole, text);
  } catch {
    // Told below, as any other body that is no object.
  }
  return refusal(400, "The body is no JSON object");
}

function decodeBody(whole: object, text: string): Record<string, unknown> | Response {
  const long = findLongInteger(whole, () => text);
  if (long !== undefined) return refusal(400, `The integer at "${toPlace(long.path)}" is one that no number of JavaScript holds`);
  const { types, ...body } = whole as { readonly types?: ValueTypes };
  return decodeValue(body, types) as Record<string, unknown>;
}

/** The frame of a value. Files travel inside it: whoever attaches from elsewhere shares no folder with the workers. */
async function frame(key: "result" | "chunk", value: unknown): Promise<Frame> {
  const { value: encoded, types = {}, slots = [] } = encodeValue(value, (part) => part instanceof FileResult);
  const allTypes: Record<string, string> = { ...types };
  let filled = encoded;
  for (const slot of slots) {
    filled = fillSlot(filled, slot, await inline(slot.source as FileResult));
    allTypes[toPointer(slot.path)] = FILE_TYPE;
  }
  return { [key]: filled, ...Object.keys(allTypes).length === 0 ? {} : { types: allTypes } } as unknown as Frame;
}

async function inline(file: FileResult): Promise<InlineFile> {
  await using _file = file;
  if (file.size > MAX_FRAME_BYTES / 4 * 3) throw new RangeError(`The result has a file of ${file.size} bytes, more than a frame carries`);
  return { data: (await file.bytes()).toBase64(), size: file.size, media_type: file.mediaType };
}

/** The next chunk, the result or the error of an operation. */
async function stepOf(outcome: AsyncGenerator<unknown, unknown, void>): Promise<Frame> {
  try {
    const { done, value } = await outcome.next();
    return await frame(done ? "result" : "chunk", value ?? null);
  } catch (error) {
    return { error: errorBody(error) };
  }
}

function cancelled(plugin: string): CallCancelledError {
  return new CallCancelledError(`A call of "${plugin}" was cancelled`, { plugin });
}

function errorBody(error: unknown): ErrorBody {
  const message = messageOf(error);
  const base = { type: error instanceof Error ? error.name : "Error", message, traceback: "" };
  if (error instanceof RemoteError) {
    const { remoteType: type, remoteMessage, traceback, category, retriable, plugin } = error;
    return { code: "plugin_error", type, message: remoteMessage, traceback, category, retriable, plugin_name: plugin };
  }
  if (error instanceof CallCancelledError) return { code: "cancelled", ...base };
  if (error instanceof CallError && error.code === "not_supported") return { code: "not_supported", ...base };
  if (error instanceof WorkerStartError) return { code: "load_error", ...base };
  return { code: error instanceof PluginError && error.code === "worker_exited" ? "plugin_exit" : "plugin_error", ...base };
}
