/**
 * The wire of the original's workers (`cjm_plugin_system.core.worker`, `cjm_substrate.core.worker`): plain bodies, spoken as frames to the
 * rest of the host.
 *
 * @module
 */
import type { Exchange, WireRequest } from "../../protocol/exchange.ts";
import { type Frame, isLastFrame, type ProgressFrame } from "../../protocol/frames.ts";
import { endpointRule } from "../../protocol/endpoints.ts";
import { within } from "../../protocol/limit.ts";
import { Turns } from "../../protocol/turns.ts";
import { untilAborted } from "../../protocol/until_aborted.ts";
import { readOriginalReply, readOriginalStream } from "./replies.ts";
import { RefusedError } from "../errors.ts";

/** Sends one request and gives the response as it comes. */
export type Send = (request: WireRequest, signal: AbortSignal) => Promise<Response>;

/** What has to be known of a worker of the original. */
export interface OriginalOptions {
  /** How many calls run at once. These workers take whatever comes, so that further calls wait on this side. */
  readonly maxConcurrency: number;
  /** Whether a failed stream ends with a `_job_error` line. First releases end it with an `error` line. */
  readonly jobErrors: boolean;
  /** Which worker to install where, for errors about what this one does not know. */
  readonly advice: string;
}

interface OpenOriginalCall {
  /** Ends the call on this side alone. */
  readonly abandon: AbortController;
  /** Called when the worker has ended it. */
  readonly end: () => void;
}

/** How often the progress of a call is asked for while somebody listens, in milliseconds. */
const PROGRESS_INTERVAL_MS = 100;

/** The answer to whoever gives up a call. */
const CANCELLED: Frame = { result: { status: "cancelled" } };

/** A conversation with a worker of the original. */
export class OriginalDialect implements Disposable {
  readonly #send: Send;
  readonly #options: OriginalOptions;
  readonly #turns: Turns;
  readonly #closing = new AbortController();
  readonly #startedAt = performance.now();
  readonly #open = new Map<string, AbortController>();
  /** Which of the open calls its worker has been told to stop. */
  readonly #told = new Set<string>();
  /** The worker's last word about itself, and how many calls run that keep it from having another. */
  #health: unknown;
  #silencing = 0;
  #finished = 0;

  /** Speaks over `send`. */
  constructor(send: Send, options: OriginalOptions) {
    this.#send = send;
    this.#options = options;
    this.#turns = new Turns(options.maxConcurrency);
  }

  /** Answers requests by frames. */
  readonly exchange: Exchange = (request, signal) => this.#exchange(request, signal);

  /** Drops the calls that nobody waits for any more. */
  [Symbol.dispose](): void {
    this.#closing.abort();
  }

  async *#exchange(request: WireRequest, signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    if (namesTypes(request)) throw new RefusedError(400, "This worker takes neither NaN nor the infinities");
    if (!endpointRule(request.endpoint).isCall) yield await this.#ask(request, signal);
    else if (request.wantsProgress) yield* this.#watched(request, signal);
    else yield* this.#call(request, signal);
  }

  async #ask({ endpoint, body }: WireRequest, signal: AbortSignal): Promise<Frame> {
    if (endpoint === "cancel") return await this.#cancel(body?.call_id, signal);
    // Its event loop runs initialize() and reconfigure(): it answers nothing meanwhile, and is neither dead nor stuck for that.
    if (endpoint === "health" && this.#silencing > 0) return { result: this.#completed(endpoint, this.#health) };
    const frame = await this.#plain({ endpoint: endpoint === "ready" ? "health" : endpoint }, signal);
    if ((endpoint === "ready" || endpoint === "health") && "result" in frame) this.#health = frame.result;
    return "result" in frame ? { result: this.#completed(endpoint, frame.result) } : frame;
  }

  /** This worker's cancel stops all that runs. Whoever gives up one call of several, or one that has ended meanwhile, must not take others along. */
  async #cancel(callId: unknown, signal: AbortSignal): Promise<Frame> {
    if (typeof callId !== "string") return await this.#plain({ endpoint: "cancel" }, signal);
    const call = this.#open.get(callId);
    if (call === undefined) return { result: { status: "not_running" } };
    if (this.#told.has(callId)) return CANCELLED;
    if (this.#turns.taken === 1) return await this.#tell(callId, signal);
    call.abort();
    return CANCELLED;
  }

  async #tell(callId: string, signal: AbortSignal): Promise<Frame> {
    const frame = await this.#plain({ endpoint: "cancel" }, signal);
    const isTold = !("result" in frame && (frame.result as { status?: unknown } | null)?.status === "not_running");
    if (isTold && this.#open.has(callId)) this.#told.add(callId);
    return frame;
  }

  async #plain(request: WireRequest, signal: AbortSignal): Promise<Frame> {
    return await readOriginalReply(await this.#send(request, signal), { endpoint: request.endpoint, advice: this.#options.advice });
  }

  /** What our own workers tell besides, as far as this side knows it. */
  #completed(endpoint: WireRequest["endpoint"], result: unknown): unknown {
    if (typeof result !== "object" || result === null) return result;
    const calls = { running: this.#turns.taken, queued: this.#turns.waiting };
    if (endpoint === "ready") return { methods: [], ...result };
    if (endpoint === "health") return { ...result, max_concurrency: this.#options.maxConcurrency, calls };
    if (endpoint !== "stats") return result;
    const uptime = (performance.now() - this.#startedAt) / 1000;
    return { ...result, uptime_s: uptime, calls: { ...calls, finished: this.#finished } };
  }

  async *#call(request: WireRequest, signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    const call = this.#begin(request, await this.#turns.acquire(signal));
    const either = AbortSignal.any([signal, call.abandon.signal]);
    try {
      if (request.endpoint === "execute_stream") yield* this.#stream(request, call, either);
      // A worker that does not look at its connection runs an abandoned call to its end. Until then it keeps its turn.
      else yield await untilAborted(this.#plain(request, this.#closing.signal).finally(call.end), either);
    } catch (error) {
      if (!call.abandon.signal.aborted) throw error;
      yield { error: { code: "cancelled", type: "CallCancelled", message: "The call was cancelled", traceback: "" } };
    }
  }

  async *#stream(request: WireRequest, call: OpenOriginalCall, signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    let last: Frame | undefined;
    try {
      for await (const frame of readOriginalStream(await this.#send(request, signal), this.#options)) {
        if (isLastFrame(frame)) last = frame;
        else yield frame;
      }
    } finally {
      call.end();
    }
    // Nobody asks for anything after the last frame, so that the turn is to be over before it.
    if (last !== undefined) yield last;
  }

  #begin({ endpoint, callId = crypto.randomUUID() }: WireRequest, turn: Disposable): OpenOriginalCall {
    const abandon = new AbortController();
    const silences = endpoint === "initialize" || endpoint === "reconfigure" ? 1 : 0;
    this.#open.set(callId, abandon);
    this.#silencing += silences;
    const end = () => {
      this.#finished++;
      this.#silencing -= silences;
      this.#open.delete(callId);
      this.#told.delete(callId);
      turn[Symbol.dispose]();
    };
    return { abandon, end };
  }

  /** The call's frames, and between them what has changed in the progress that the worker tells when it is asked. */
  async *#watched(request: WireRequest, signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    // Nobody resets it between calls: what is there before this one is of another.
    let last = await this.#progress(signal);
    const frames = this.#call(request, signal);
    let next = frames.next();
    while (true) {
      const step = await within(next, last === undefined ? Infinity : PROGRESS_INTERVAL_MS);
      if (step?.done) return;
      if (last !== undefined && (step === undefined || isLastFrame(step.value))) {
        const now: ProgressFrame | undefined = await this.#progress(signal);
        if (now !== undefined && (now.progress !== last.progress || now.message !== last.message)) yield last = now;
      }
      if (step === undefined) continue;
      yield step.value;
      next = frames.next();
    }
  }

  async #progress(signal: AbortSignal): Promise<ProgressFrame | undefined> {
    const frame = await this.#plain({ endpoint: "progress" }, signal);
    if (!("result" in frame)) return undefined;
    const { progress, message } = frame.result as Record<string, unknown>;
    return typeof progress === "number" ? { progress, message: String(message ?? "") } : undefined;
  }
}

/** A body that is text is not parsed for it, unless the word is there. */
function namesTypes(request: WireRequest): boolean {
  return request.json?.includes('"types"') !== false && request.body?.types !== undefined;
}
