/**
 * The host's end of one request: the frames that answer it, when they are asked for and when they are read ahead.
 *
 * @module
 */
import { type ErrorFrame, type Frame, isLastFrame, type ResultFrame } from "../protocol/frames.ts";
import { within } from "../protocol/limit.ts";
import { BrokenReplyError } from "../transport/errors.ts";
import type { FrameReceiver, FrameSource } from "../transport/frame_source.ts";

/** What becomes of the files in frames that nobody has asked for. */
export interface FrameCare {
  /** Lets go of what a frame holds that nobody will get. `undefined` when that is nothing. */
  readonly discard: (frame: Frame) => Promise<unknown> | undefined;
  /** Holds what a frame of a worker that has ended names, for whoever gets the frame later. */
  readonly hold: (frame: Frame) => void;
}

const NO_FILES: FrameCare = { discard: () => undefined, hold: () => {} };

/** How long nothing has to come of a worker that has ended until nothing more is waited for, and how long it may go on coming, in milliseconds. */
const LAST_WORDS_MS = { quiet: 50, longest: 1_000 } as const;

/** A request under way. */
export class Reply {
  readonly #source: FrameSource;
  readonly #care: FrameCare;
  /** What was read before anybody asked for it. */
  #ahead: Promise<Frame>[] | undefined;
  #dropped: AbortController | undefined;
  #isDropped = false;
  #hasBegun = false;
  #hasAnswered = false;
  #wasBehind = false;
  #ended = false;
  #readOut: Promise<void> | undefined;
  /** What goes on of letting go of frames. */
  #discards: Promise<unknown>[] | undefined;

  /** Takes over a request that was sent. */
  constructor(source: FrameSource, care: FrameCare = NO_FILES) {
    this.#source = source;
    this.#care = care;
  }

  /** Whether the worker has said its last word, or nothing more can come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether more has come than progress, logs and callbacks, and than the news of the plugin's end. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Whether any frame has come. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether it ended before the worker can have begun with the request, which was behind another one. */
  get wasBehind(): boolean {
    return this.#wasBehind;
  }

  /** Aborted when the connection is dropped. */
  get dropped(): AbortSignal {
    this.#dropped ??= new AbortController();
    if (this.#isDropped) this.#dropped.abort();
    return this.#dropped.signal;
  }

  /** The next frame. */
  next(): Promise<Frame> {
    return this.#ahead?.shift() ?? this.#read();
  }

  /** The next frame, or the error in its place, without a promise for it. */
  receive(receiver: FrameReceiver): void {
    const ahead = this.#ahead?.shift();
    if (ahead === undefined) this.#source.receive(new NotingReceiver(this, receiver));
    else void ahead.then((frame) => receiver.onFrame(frame), (error) => receiver.onError(error));
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
      (this.#ahead ??= []).push(frame);
      await frame.then(this.#care.hold, () => {});
    }
    end.resolve();
  }

  /** A program that has escaped with a connection in its hands must not hold up anybody. */
  async #dropWhenQuiet(end: Promise<void>): Promise<void> {
    const { quiet, longest } = LAST_WORDS_MS;
    for (let waited = 0, seen = -1; waited < longest && seen !== this.#source.received && !this.#ended; waited += quiet) {
      seen = this.#source.received;
      await within(end, quiet);
    }
    if (!this.#ended) this.drop(new BrokenReplyError("The reply ended before its last frame", { hasBegun: true }));
  }

  #read(): Promise<Frame> {
    const { promise, resolve, reject } = Promise.withResolvers<Frame>();
    this.#source.receive(new NotingReceiver(this, { onFrame: resolve, onError: reject }));
    return promise;
  }

  /** A frame has come. */
  note(frame: Frame): void {
    this.#hasBegun = true;
    this.#ended = isLastFrame(frame);
    this.#hasAnswered ||= !("progress" in frame || "log" in frame || "callback" in frame) &&
      !("error" in frame && frame.error.code === "plugin_exit");
  }

  /** No frame comes any more. */
  noteEnd(error: unknown): void {
    this.#ended = true;
    this.#wasBehind ||= error instanceof BrokenReplyError && error.wasBehind;
  }

  /**
   * The last frame, reading over all others.
   *
   * @param signal Drops the connection and rejects with its reason.
   */
  async last(signal?: AbortSignal): Promise<ResultFrame | ErrorFrame> {
    const drop = () => this.drop(signal?.reason);
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

  /** Lets go of the files in a frame that nobody will get. */
  discard(frame: Frame): void {
    const discard = this.#care.discard(frame);
    if (discard !== undefined) (this.#discards ??= []).push(discard);
  }

  /** Lets go of what was read ahead, which nobody asks for any more. */
  discardAhead(): void {
    for (const frame of this.#ahead?.splice(0) ?? []) frame.then(this.#care.discard, () => {});
  }

  /** Resolves when the files of all frames that were discarded are gone. */
  async discarded(): Promise<void> {
    await Promise.allSettled(this.#discards?.splice(0) ?? []);
  }

  /** Gives up the request: nothing more comes. */
  drop(reason?: unknown): void {
    this.#isDropped = true;
    this.#wasBehind ||= this.#source.isBehind;
    this.#source.drop(reason);
    this.#dropped?.abort(reason);
  }
}

/** Has the reply know what its receiver gets. */
class NotingReceiver implements FrameReceiver {
  readonly #reply: Reply;
  readonly #receiver: FrameReceiver;

  constructor(reply: Reply, receiver: FrameReceiver) {
    this.#reply = reply;
    this.#receiver = receiver;
  }

  onFrame(frame: Frame): void {
    this.#reply.note(frame);
    this.#receiver.onFrame(frame);
  }

  onError(error: unknown): void {
    this.#reply.noteEnd(error);
    this.#receiver.onError(error);
  }
}
