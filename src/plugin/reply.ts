/**
 * The host's end of one request: the frames that answer it, when they are asked for and when they are read ahead.
 *
 * @module
 */
import type { Exchange, WireRequest } from "../protocol/exchange.ts";
import { type ErrorFrame, type Frame, isLastFrame, type ResultFrame } from "../protocol/frames.ts";
import { within } from "../protocol/limit.ts";
import { BrokenReplyError } from "../transport/errors.ts";

/** What becomes of the files in frames that nobody has asked for. */
export interface ReplyOptions {
  /** Lets go of what a frame holds that nobody will get. */
  readonly discard?: (frame: Frame) => void;
  /** Holds what a frame of a worker that has ended names, for whoever gets the frame later. */
  readonly hold?: (frame: Frame) => void;
}

/** How long nothing has to come of a worker that has ended until nothing more is waited for, and how long it may go on coming, in milliseconds. */
const LAST_WORDS_MS = { quiet: 50, longest: 1_000 } as const;

/** A request under way. */
export class Reply {
  readonly #frames: AsyncIterator<Frame>;
  readonly #drop = new AbortController();
  /** What was read before anybody asked for it. */
  readonly #ahead: Promise<Frame>[] = [];
  #count = 0;
  #hasAnswered = false;
  #ended = false;
  /** Lets go of what a frame holds that nobody will get. */
  readonly discard: (frame: Frame) => void;
  readonly #hold: (frame: Frame) => void;
  #readOut: Promise<void> | undefined;

  /** Sends the request. */
  constructor(exchange: Exchange, request: WireRequest, { discard = () => {}, hold = () => {} }: ReplyOptions = {}) {
    this.discard = discard;
    this.#hold = hold;
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

  /** Whether any frame has come. */
  get hasBegun(): boolean {
    return this.#count > 0;
  }

  /** Aborted when the connection is dropped. */
  get dropped(): AbortSignal {
    return this.#drop.signal;
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

  /** Lets go of what was read ahead, which nobody asks for any more. */
  discardAhead(): void {
    for (const frame of this.#ahead.splice(0)) frame.then(this.discard, () => {});
  }

  /** Drops the connection: nothing more comes. */
  drop(): void {
    this.#drop.abort();
  }
}

function cutShort(): BrokenReplyError {
  return new BrokenReplyError("The reply ended before its last frame", { hasBegun: true });
}
