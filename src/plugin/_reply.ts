/**
 * The host's end of one request: its frames while the caller wants them, its orderly end when the caller does not.
 *
 * @module
 */
import type { Exchange, WireRequest } from "../protocol/exchange.ts";
import { type ErrorFrame, type Frame, isLastFrame, type ResultFrame } from "../protocol/frames.ts";

/** How long an abandoned call may take to end in the worker before its connection is dropped, in milliseconds. */
const DRAIN_BUDGET_MS = 2_000;

/** Lets go of what a frame holds that nobody will get. */
export type FrameDiscarder = (frame: Frame) => void;

/** A request under way. */
export class Reply {
  readonly #frames: AsyncIterator<Frame>;
  readonly #discard: FrameDiscarder;
  readonly #exchange: Exchange;
  readonly #callId: string | undefined;
  readonly #drop = new AbortController();
  #ended = false;

  /** Sends the request. */
  constructor(exchange: Exchange, request: WireRequest, discard: FrameDiscarder = () => {}) {
    this.#discard = discard;
    this.#exchange = exchange;
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
      if (done) throw new TypeError("The reply ended before its last frame");
      this.#ended = isLastFrame(value);
      return value;
    } catch (error) {
      this.#ended = true;
      throw error;
    }
  }

  /** Throws a frame away. */
  discard(frame: Frame): void {
    this.#discard(frame);
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

  /** Ends the call in the worker: asks for it, reads on until the worker agrees, and drops the connection when that takes too long. */
  async abandon(): Promise<void> {
    if (this.#ended) return;
    const timer = setTimeout(() => this.#drop.abort(), DRAIN_BUDGET_MS);
    const asked = this.#askToCancel();
    try {
      while (!this.#ended) this.#discard(await this.next());
    } catch {
      // Whatever it ended with, the caller has its answer already.
    }
    clearTimeout(timer);
    this.#drop.abort();
    await asked;
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
