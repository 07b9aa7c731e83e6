/**
 * The host's end of one request: its frames while the caller wants them, its orderly end when the caller does not.
 *
 * @module
 */
import type { Exchange, WireRequest } from "../protocol/exchange.ts";
import { type ErrorFrame, type Frame, isLastFrame, type ResultFrame } from "../protocol/frames.ts";
import { untilAborted } from "../protocol/until_aborted.ts";
import { BrokenReplyError } from "../transport/errors.ts";

/** How long an abandoned call may take to end in the worker, in milliseconds: long enough for a plugin's own clearing up. */
export const DEFAULT_CANCEL_BUDGET_MS = 2_000;

/** What becomes of a request that is abandoned. */
export interface ReplyOptions {
  /** How long it may take to end in the worker before its connection is dropped, in milliseconds. Default: 2,000. */
  readonly cancelBudgetMs?: number;
  /** Lets go of what a frame holds that nobody will get. */
  readonly discard?: (frame: Frame) => void;
}

/** How long a worker that does not know a call may take until it is asked again to cancel it, in milliseconds. Doubles each time. */
const FIRST_REPEAT_MS = 10;

/** A request under way. */
export class Reply {
  readonly #frames: AsyncIterator<Frame>;
  readonly #exchange: Exchange;
  readonly #callId: string | undefined;
  readonly #drop = new AbortController();
  #ended = false;

  readonly #cancelBudgetMs: number;
  /** Lets go of what a frame holds that nobody will get. */
  readonly discard: (frame: Frame) => void;

  /** Sends the request. */
  constructor(exchange: Exchange, request: WireRequest, options: ReplyOptions = {}) {
    this.#exchange = exchange;
    this.#cancelBudgetMs = options.cancelBudgetMs ?? DEFAULT_CANCEL_BUDGET_MS;
    this.discard = options.discard ?? (() => {});
    this.#callId = request.callId;
    this.#frames = exchange(request, this.#drop.signal)[Symbol.asyncIterator]();
  }

  /** Whether the worker has said its last word, or nothing more can come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The next frame. */
  async next(): Promise<Frame> {
    try {
      const { value, done } = await this.#frames.next();
      if (done) throw new BrokenReplyError("The reply ended before its last frame", { hasBegun: true });
      this.#ended = isLastFrame(value);
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

  /**
   * Ends the call in the worker: asks for it, reads on until the worker agrees, and drops the connection when that takes too long.
   *
   * @returns False when it took too long: the plugin's code runs on.
   */
  async abandon(): Promise<boolean> {
    if (this.#ended) return true;
    let tookTooLong = false;
    const timer = setTimeout(() => {
      tookTooLong = true;
      this.#drop.abort();
    }, this.#cancelBudgetMs);
    const asked = this.#askToCancel();
    try {
      while (!this.#ended) this.discard(await this.next());
    } catch {
      // Whatever it ended with, the caller has its answer already.
    }
    clearTimeout(timer);
    this.#drop.abort();
    await asked;
    return !tookTooLong;
  }

  /** Asks until the worker knows the call: the question has a connection of its own, on which it may overtake the call. */
  async #askToCancel(): Promise<void> {
    if (this.#callId === undefined) return this.#drop.abort();
    try {
      for (let delayMs = FIRST_REPEAT_MS; !this.#ended && !await this.#isToldToCancel(); delayMs *= 2) {
        await pause(delayMs, this.#drop.signal);
      }
    } catch {
      // The worker is gone, or the call ended first; the reader above finds out which.
    }
  }

  async #isToldToCancel(): Promise<boolean> {
    const answer = new Reply(this.#exchange, { endpoint: "cancel", body: { call_id: this.#callId } });
    const frame = await answer.last(this.#drop.signal);
    return !("result" in frame && isNotRunning(frame.result));
  }
}

function isNotRunning(result: unknown): boolean {
  return typeof result === "object" && result !== null && "status" in result && result.status === "not_running";
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, milliseconds);
  try {
    await untilAborted(over.promise, signal);
  } finally {
    clearTimeout(timer);
  }
}
