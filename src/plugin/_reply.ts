/**
 * The host's end of one request: its frames while the caller wants them, its orderly end when the caller does not.
 *
 * @module
 */
import type { Exchange, WireRequest } from "../protocol/exchange.ts";
import { type ErrorFrame, type Frame, isLastFrame, type ResultFrame } from "../protocol/frames.ts";
import { BrokenReplyError } from "../transport/errors.ts";

/** How long an abandoned call may take to end in the worker, in milliseconds: long enough for a plugin's own clearing up. */
export const DEFAULT_CANCEL_BUDGET_MS = 2_000;

/** A request under way. */
export class Reply {
  readonly #frames: AsyncIterator<Frame>;
  readonly #exchange: Exchange;
  readonly #callId: string | undefined;
  readonly #drop = new AbortController();
  #ended = false;

  readonly #cancelBudgetMs: number;

  /**
   * Sends the request.
   *
   * @param cancelBudgetMs How long an abandoned call may take to end in the worker before its connection is dropped.
   */
  constructor(exchange: Exchange, request: WireRequest, cancelBudgetMs: number = DEFAULT_CANCEL_BUDGET_MS) {
    this.#exchange = exchange;
    this.#cancelBudgetMs = cancelBudgetMs;
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
      while (!this.#ended) await this.next();
    } catch {
      // Whatever it ended with, the caller has its answer already.
    }
    clearTimeout(timer);
    this.#drop.abort();
    await asked;
    return !tookTooLong;
  }

  async #askToCancel(): Promise<void> {
    if (this.#callId === undefined) return this.#drop.abort();
    try {
      for await (const _ of this.#exchange({ endpoint: "cancel", body: { call_id: this.#callId } }, this.#drop.signal));
    } catch {
      // The worker is gone, or the call ended first; the reader above finds out which.
    }
  }
}
