/**
 * The host's end of one request: its frames while the caller wants them, its orderly end when the caller does not.
 *
 * @module
 */
import type { Exchange, WireRequest } from "../protocol/exchange.ts";
import { type ErrorFrame, type Frame, isLastFrame, type ResultFrame } from "../protocol/frames.ts";
import { Limit, within } from "../protocol/limit.ts";
import { pause } from "../protocol/timer.ts";
import { BrokenReplyError } from "../transport/errors.ts";

/** How long an abandoned call may take to end in the worker, in milliseconds: long enough for a plugin's own clearing up. */
export const DEFAULT_CANCEL_BUDGET_MS = 2_000;

/** What becomes of a request that is abandoned. */
export interface ReplyOptions {
  /** How long the worker may take to answer that it shall end, and how long to end then, before its connection is dropped, in milliseconds. Default: 2,000. */
  readonly cancelBudgetMs?: number;
  /** Lets go of what a frame holds that nobody will get. */
  readonly discard?: (frame: Frame) => void;
  /** Holds what a frame of a worker that has ended names, for whoever gets the frame later. */
  readonly hold?: (frame: Frame) => void;
}

/** When a worker is asked for the first time whether it knows of a call by now, or has let go of it, in milliseconds. Doubles each time, up to the longest. */
const REPEAT_MS = { first: 10, longest: 320 } as const;

/** How long nothing has to come of a worker that has ended until nothing more is waited for, and how long it may go on coming, in milliseconds. */
const LAST_WORDS_MS = { quiet: 50, longest: 1_000 } as const;

/** A request under way. */
export class Reply {
  readonly #frames: AsyncIterator<Frame>;
  readonly #exchange: Exchange;
  readonly #callId: string | undefined;
  readonly #drop = new AbortController();
  /** What was read before anybody asked for it. */
  readonly #ahead: Promise<Frame>[] = [];
  #count = 0;
  #hasAnswered = false;
  #ended = false;
  #drained: Promise<void> = Promise.resolve();
  readonly #cancelBudgetMs: number;
  /** Lets go of what a frame holds that nobody will get. */
  readonly discard: (frame: Frame) => void;
  readonly #hold: (frame: Frame) => void;
  #readOut: Promise<void> | undefined;

  /** Sends the request. */
  constructor(exchange: Exchange, request: WireRequest, options: ReplyOptions = {}) {
    this.#exchange = exchange;
    this.#cancelBudgetMs = options.cancelBudgetMs ?? DEFAULT_CANCEL_BUDGET_MS;
    this.discard = options.discard ?? (() => {});
    this.#hold = options.hold ?? (() => {});
    this.#callId = request.callId;
    this.#frames = exchange(request, this.#drop.signal)[Symbol.asyncIterator]();
  }

  /** Whether the worker has said its last word, or nothing more can come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether more has come than progress, and than the news of the plugin's end. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** The next frame. */
  next(): Promise<Frame> {
    return this.#ahead.shift() ?? this.#read();
  }

  /** Reads all that a worker which has ended had sent, and keeps it for whoever asks for it. That is no more than what sockets hold. */
  readOut(): Promise<void> {
    return this.#readOut ??= this.#readToEnd();
  }

  async #readToEnd(): Promise<void> {
    const end = Promise.withResolvers<void>();
    void this.#dropWhenQuiet(end.promise);
    while (!this.#ended) {
      const frame = this.#read();
      this.#ahead.push(frame);
      await frame.then(this.#hold, () => {});
    }
    end.resolve();
  }

  /** A program that has escaped with a connection in its hands must not hold up anybody. */
  async #dropWhenQuiet(end: Promise<void>): Promise<void> {
    const { quiet, longest } = LAST_WORDS_MS;
    for (let waited = 0, seen = -1; waited < longest && seen !== this.#count && !this.#ended; waited += quiet) {
      seen = this.#count;
      await within(end, quiet);
    }
    if (!this.#ended) this.#drop.abort(cutShort());
  }

  async #read(): Promise<Frame> {
    try {
      const { value, done } = await this.#frames.next();
      if (done) throw cutShort();
      this.#count++;
      this.#ended = isLastFrame(value);
      this.#hasAnswered ||= !("progress" in value) && !("error" in value && value.error.code === "plugin_exit");
      return value;
    } catch (error) {
      this.#ended = true;
      throw error;
    }
  }

  /**
   * The last frame, reading over all others.
   *
   * @param signal Drops the connection and rejects with its reason.
   */
  async last(signal?: AbortSignal): Promise<ResultFrame | ErrorFrame> {
    const drop = () => this.#drop.abort(signal?.reason);
    signal?.addEventListener("abort", drop, { once: true });
    try {
      signal?.throwIfAborted();
      while (true) {
        const frame = await this.next();
        if (isLastFrame(frame)) return frame;
      }
    } finally {
      signal?.removeEventListener("abort", drop);
    }
  }

  /** Resolves when nothing more comes of a call that was abandoned. */
  get drained(): Promise<void> {
    return this.#drained;
  }

  /**
   * Ends the call in the worker: asks for it, and waits until the worker has let go of it. What it had sent by then is read behind the caller's back,
   * for it may hold files; on a busy host that can be seconds of a stream, which are no fault of the plugin's.
   *
   * @returns False when it took too long: the plugin's code runs on. The connection has been dropped then.
   */
  async abandon(): Promise<boolean> {
    if (this.#ended) return true;
    const rest = this.#readRest();
    const hasLetGo = await this.#isLetGo(rest);
    if (!hasLetGo) this.#drop.abort();
    this.#drained = this.#drain(rest);
    return hasLetGo;
  }

  /** Lets go of what was read ahead, which nobody asks for any more. */
  discardAhead(): void {
    for (const frame of this.#ahead.splice(0)) frame.then(this.discard, () => {});
  }

  /** Drops the connection: nothing more comes. */
  drop(): void {
    this.#drop.abort();
  }

  async #readRest(): Promise<void> {
    try {
      while (!this.#ended) this.discard(await this.next());
    } catch {
      // Whatever it ended with, the caller has its answer already.
    }
  }

  async #drain(rest: Promise<void>): Promise<void> {
    using _limit = new Limit(this.#cancelBudgetMs, () => this.#drop.abort());
    await rest;
  }

  /** Whether the worker lets go of the call in time. It may take as long to answer that it shall, and then as long to do it. */
  async #isLetGo(rest: Promise<void>): Promise<boolean> {
    const asking = new AbortController();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const limit = () => new Limit(this.#cancelBudgetMs, () => resolve(false));
    let budget = limit();
    const onTold = () => {
      budget[Symbol.dispose]();
      budget = limit();
    };
    const asked = this.#askToCancel(AbortSignal.any([asking.signal, this.#drop.signal]), onTold).then(() => resolve(true), () => {});
    void rest.then(() => resolve(true));
    const hasLetGo = await promise;
    asking.abort();
    await asked;
    budget[Symbol.dispose]();
    return hasLetGo;
  }

  /** Asks until the worker has let go of the call. The question has a connection of its own, on which it may overtake the call. */
  async #askToCancel(signal: AbortSignal, onTold: () => void): Promise<void> {
    if (this.#callId === undefined) return this.#drop.abort();
    let isTold = false;
    for (let delayMs: number = REPEAT_MS.first;; delayMs = Math.min(2 * delayMs, REPEAT_MS.longest)) {
      const isOpen = await this.#isOpen(signal);
      if (isOpen && !isTold) onTold();
      isTold ||= isOpen;
      if (!isOpen && (isTold || this.#count > 0)) return;
      await pause(delayMs, signal);
    }
  }

  async #isOpen(signal: AbortSignal): Promise<boolean> {
    const answer = new Reply(this.#exchange, { endpoint: "cancel", body: { call_id: this.#callId } });
    const frame = await answer.last(signal);
    return !("result" in frame && isNotRunning(frame.result));
  }
}

function cutShort(): BrokenReplyError {
  return new BrokenReplyError("The reply ended before its last frame", { hasBegun: true });
}

function isNotRunning(result: unknown): boolean {
  return typeof result === "object" && result !== null && "status" in result && result.status === "not_running";
}
