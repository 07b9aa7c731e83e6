/**
 * A worker that crashes, stalls, lies or dawdles when it is told to.
 *
 * @module
 */
import { pause } from "../protocol/timer.ts";
import { untilAborted } from "../protocol/until_aborted.ts";
import type { WorkerExit } from "../process/worker_process.ts";
import type { Exchange, WireRequest } from "../protocol/exchange.ts";
import type { Frame } from "../protocol/frames.ts";
import { type Endpoint, endpointRule, ENDPOINTS, takesArguments } from "../protocol/endpoints.ts";
import { type ErrorBody, FRAMES_MEDIA_TYPE } from "../protocol/messages.ts";
import { PROTOCOL_VERSION } from "../protocol/version.ts";
import { encodeValue } from "../protocol/values.ts";
import { BrokenReplyError } from "../transport/errors.ts";
import { readReply } from "../transport/http_reply.ts";

/**
 * One thing that the worker does while it answers.
 *
 * - `{ progress }`, `{ chunk }`: sends such a frame.
 * - `{ result }`, `{ error }`: sends the last frame. What follows it in the script is sent all the same, which no good worker does.
 * - `{ pauseMs }`: dawdles this many milliseconds.
 * - `{ raw }`: sends text or bytes as they stand, whatever a host may make of them. A frame ends with `"\n"`.
 * - `"hold"`: waits until the call is cancelled, and ends it as cancelled.
 * - `"stall"`: says nothing more, even when the call is cancelled, until the host hangs up. It keeps its place for so long: with the one place of the default
 *   no other call is run meanwhile, so give `maxConcurrency: 2` where one is to go on.
 * - `"cut"`: ends the reply where it is.
 * - `"crash"`: ends the worker, with every reply that is open.
 */
export type MisbehaviourStep =
  | { readonly progress: number; readonly message?: string }
  | { readonly chunk: unknown }
  | { readonly result: unknown }
  | { readonly error: Partial<ErrorBody> & Pick<ErrorBody, "message"> }
  | { readonly pauseMs: number }
  | { readonly raw: string | Uint8Array }
  | "hold"
  | "stall"
  | "cut"
  | "crash";

/** How one request is answered: by steps, behind which comes `{ result: null }` where none of them is a last frame or raw; or refused, by a status of HTTP. */
export type Misbehaviour = readonly MisbehaviourStep[] | { readonly refuse: number; readonly detail?: string };

/** What a misbehaving worker does. */
export interface MisbehavingWorkerOptions {
  /** How each call of a method, `execute` and `executeStream` included, is answered, in the order in which they come; the last one is for all that follow. Default: by `null`. */
  readonly calls?: readonly Misbehaviour[];
  /** How other requests are answered. Default: as a good worker answers them. */
  readonly endpoints?: Partial<Readonly<Record<Endpoint, Misbehaviour>>>;
  /** The plugin's name. The default is "misbehaving". */
  readonly name?: string;
  /** How many calls run at once. The default is 1. */
  readonly maxConcurrency?: number;
}

/** A worker in this thread that does as it is told, and not as it should. */
export interface MisbehavingWorker {
  /** Answers requests. */
  readonly exchange: Exchange;
  /** How it ended, once it has. */
  readonly exited: Promise<WorkerExit>;
  /** What it was asked for until now, in order, `ready` and `health` of the attaching included. */
  readonly requests: readonly WireRequest[];
  /** Ends the worker, with every reply that is open, as SIGKILL would. Twice is harmless. */
  crash(): void;
}

/**
 * Makes a worker that misbehaves, for tests of a host program: what does it do when a call never ends, when the worker dies in the middle of a
 * stream, when what comes back is no answer? It needs no process and no permission, and its replies are read by the code that reads a real worker's.
 *
 * @example
 * ```ts
 * import { ProtocolError, RemotePluginProxy, WorkerExitError } from "@remote-plugin/proxy";
 * import { misbehavingWorker } from "@remote-plugin/proxy/testing";
 *
 * const dies = misbehavingWorker({ calls: [[{ result: "fine" }], [{ chunk: 1 }, { pauseMs: 10 }, "crash"]] });
 * await using plugin = await RemotePluginProxy.attach(dies);
 * console.log(await plugin.execute()); // "fine"
 * try {
 *   for await (const chunk of plugin.executeStream()) console.log(chunk); // 1
 * } catch (error) {
 *   console.log(error instanceof WorkerExitError); // true
 * }
 *
 * await using other = await RemotePluginProxy.attach(misbehavingWorker({ calls: [[{ raw: "{}{\n" }]] }));
 * await other.execute().catch((error) => console.log(error instanceof ProtocolError)); // true
 * ```
 */
export function misbehavingWorker(options: MisbehavingWorkerOptions = {}): MisbehavingWorker {
  return new ScriptedWorker(options);
}

/** A call that waits until it is cancelled. */
interface Hold {
  readonly callId: string | undefined;
  readonly end: () => void;
}

class ScriptedWorker implements MisbehavingWorker {
  readonly exited: Promise<WorkerExit>;
  readonly requests: WireRequest[] = [];
  readonly #options: MisbehavingWorkerOptions;
  readonly #exit = Promise.withResolvers<WorkerExit>();
  readonly #death = new AbortController();
  readonly #holds = new Set<Hold>();
  #calls = 0;

  constructor(options: MisbehavingWorkerOptions) {
    this.#options = options;
    this.exited = this.#exit.promise;
  }

  readonly exchange: Exchange = (request, signal) => this.#exchange(request, signal);

  crash(): void {
    this.#exit.resolve({ code: null, signal: "SIGKILL", outOfMemory: false });
    this.#death.abort(new BrokenReplyError("The worker has crashed"));
  }

  async *#exchange(request: WireRequest, signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    // Whoever hears of the end hears of it before the replies break, as from the kernel.
    if (this.#death.signal.aborted) throw new BrokenReplyError("The connection broke before the reply came");
    this.requests.push(request);
    yield* readReply(() => Promise.resolve(this.#respond(request, AbortSignal.any([signal, this.#death.signal]))));
  }

  #respond(request: WireRequest, signal: AbortSignal): Response {
    const script = this.#scriptFor(request);
    if ("refuse" in script) {
      const { refuse: status, detail = "refused" } = script;
      return new Response(JSON.stringify({ detail }), { status, headers: { "content-type": "application/json" } });
    }
    const body = ReadableStream.from(this.#bytes(script, { request, signal }));
    return new Response(body, { headers: { "content-type": FRAMES_MEDIA_TYPE } });
  }

  #scriptFor({ endpoint, body }: WireRequest): Misbehaviour {
    const { calls = [[]], endpoints } = this.#options;
    const own = isOwn(endpoint) ? endpoints?.[endpoint] : undefined;
    if (own !== undefined) return own;
    if (takesArguments(endpoint)) return calls[Math.min(this.#calls++, calls.length - 1)] ?? [];
    return [{ result: this.#goodAnswer(endpoint, body) }];
  }

  #goodAnswer(endpoint: WireRequest["endpoint"], body: WireRequest["body"]): unknown {
    const { name = "misbehaving", maxConcurrency = 1 } = this.#options;
    const calls = { running: 0, queued: 0 };
    const answers: Partial<Record<Endpoint, () => unknown>> = {
      ready: () => ({ name, version: "0.0.0", methods: ["execute", "execute_stream"] }),
      health: () => ({
        status: "running",
        pid: 0,
        name,
        version: "0.0.0",
        protocol: PROTOCOL_VERSION,
        max_concurrency: maxConcurrency,
        calls,
      }),
      stats: () => ({ pid: 0, cpu_percent: 0, memory_rss_mb: 0, uptime_s: 0, calls: { ...calls, finished: this.#calls } }),
      progress: () => ({ progress: 0, message: "" }),
      cancel: () => ({ status: this.#cancel(body?.call_id) ? "cancelled" : "not_running" }),
      prefetch: () => ({ status: "prefetched" }),
      reconfigure: () => ({ status: "reconfigured" }),
      cleanup: () => ({ status: "cleaned" }),
    };
    return (isOwn(endpoint) ? answers[endpoint]?.() : undefined) ?? (endpointRule(endpoint).isCall ? { status: "ok" } : {});
  }

  #cancel(callId: unknown): boolean {
    const held = [...this.#holds].filter((hold) => callId === undefined || hold.callId === callId);
    for (const hold of held) hold.end();
    return held.length > 0;
  }

  async *#bytes(script: readonly MisbehaviourStep[], reply: OpenReply): AsyncGenerator<Uint8Array, void, void> {
    for (const step of script) {
      reply.signal.throwIfAborted();
      if (step === "cut") return;
      if (step === "hold") return yield await this.#hold(reply);
      if (step === "crash") this.crash();
      if (typeof step === "string") await untilAborted(new Promise(() => {}), reply.signal);
      else if ("pauseMs" in step) await pause(step.pauseMs, reply.signal);
      else yield "raw" in step ? bytesOf(step.raw) : frame(step);
    }
    if (!script.some(isEnd)) yield frame({ result: null });
  }

  async #hold({ request, signal }: OpenReply): Promise<Uint8Array> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const hold = { callId: request.callId, end: resolve };
    this.#holds.add(hold);
    try {
      await untilAborted(promise, signal);
    } finally {
      this.#holds.delete(hold);
    }
    return frame({ error: { code: "cancelled", type: "CallCancelled", message: "The call was cancelled" } });
  }
}

/** What a script has to know of the reply that it makes. */
interface OpenReply {
  readonly request: WireRequest;
  /** Aborted when the host hangs up, and when the worker ends. */
  readonly signal: AbortSignal;
}

type FrameStep = Exclude<MisbehaviourStep, string | { pauseMs: number } | { raw: unknown }>;

function isEnd(step: MisbehaviourStep): boolean {
  return typeof step === "object" && ("result" in step || "error" in step || "raw" in step);
}

function frame(step: FrameStep): Uint8Array {
  return bytesOf(`${JSON.stringify(frameOf(step))}\n`);
}

function frameOf(step: FrameStep): unknown {
  if ("progress" in step) return { message: "", ...step };
  if ("error" in step) return { error: { code: "plugin_error", type: "Error", traceback: "", ...step.error } };
  const [key, given] = "chunk" in step ? ["chunk", step.chunk] : ["result", step.result];
  const { value = null, types } = encodeValue(given);
  return { [key as string]: value, types };
}

function isOwn(endpoint: WireRequest["endpoint"]): endpoint is Endpoint {
  return Object.hasOwn(ENDPOINTS, endpoint);
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? new TextEncoder().encode(text) : text;
}
