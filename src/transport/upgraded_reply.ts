/**
 * The reply to one request on an upgraded connection: the frames that have come, until somebody asks for them.
 *
 * @module
 */
import { type Frame, isLastFrame } from "../protocol/frames.ts";
import { BrokenReplyError } from "./errors.ts";
import type { FrameReceiver, FrameSource } from "./frame_source.ts";

/** What a reply needs of its connection. */
interface ReplyConnection {
  /** How many bytes have come. */
  readonly received: number;
  /** Whether one before it is not answered. */
  isBehind(reply: UpgradedReply): boolean;
  /** Nobody wants it any more. */
  drop(reply: UpgradedReply): void;
}

/** What its connection puts in, and somebody takes out. */
export class UpgradedReply implements FrameSource, AsyncIterableIterator<Frame, undefined> {
  readonly #connection: ReplyConnection;
  /** What nobody has asked for yet, and those who have asked; made when there is any, for a small call has neither. */
  #frames: Frame[] | undefined;
  #receivers: FrameReceiver[] | undefined;
  #failure: { readonly error: unknown } | undefined;
  #whenTaken: (() => void) | undefined;
  #hasEnded = false;
  #isOver = false;
  /** Whether nobody wants the rest. */
  isDropped = false;
  /** Whether any of it has come. */
  hasBegun = false;

  /** Waits for what comes. */
  constructor(connection: ReplyConnection) {
    this.#connection = connection;
  }

  get received(): number {
    return this.#connection.received;
  }

  get isBehind(): boolean {
    return this.#connection.isBehind(this);
  }

  /** Whether nobody has asked yet for what has come. */
  get isFull(): boolean {
    return this.#frames !== undefined && this.#frames.length > 0;
  }

  /** Resolves when all that has come was asked for, or is wanted no more. */
  untilTaken(): Promise<void> {
    return new Promise((resolve) => this.#whenTaken = resolve);
  }

  /** Puts in the next frame. */
  push(frame: Frame): void {
    this.hasBegun = true;
    if (this.isDropped) return;
    const receiver = this.#receivers?.shift();
    if (receiver === undefined) (this.#frames ??= []).push(frame);
    else receiver.onFrame(frame);
    this.#hasEnded = isLastFrame(frame);
    if (this.#hasEnded && this.#receivers !== undefined && this.#receivers.length > 0) this.fail(ended());
  }

  /** No more comes. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    const receivers = this.#receivers ?? [];
    this.#receivers = undefined;
    for (const receiver of receivers) receiver.onError(this.#failure.error);
  }

  receive(receiver: FrameReceiver): void {
    const frame = this.#frames?.shift();
    if (!this.isFull) this.#release();
    if (frame !== undefined) receiver.onFrame(frame);
    else if (this.#failure !== undefined) receiver.onError(this.#failure.error);
    else if (this.#hasEnded) receiver.onError(ended());
    else if (this.#receivers === undefined) this.#receivers = [receiver];
    else this.#receivers.push(receiver);
  }

  drop(reason: unknown = new DOMException("The reply was given up", "AbortError")): void {
    if (this.isDropped) return;
    this.isDropped = true;
    this.#frames = undefined;
    this.fail(reason);
    this.#release();
    this.#connection.drop(this);
  }

  /** The next frame, until there was the last one. */
  async next(): Promise<IteratorResult<Frame, undefined>> {
    if (this.#isOver) return { done: true, value: undefined };
    const { promise, resolve, reject } = Promise.withResolvers<Frame>();
    this.receive({ onFrame: resolve, onError: reject });
    const value = await promise;
    this.#isOver = isLastFrame(value);
    return { done: false, value };
  }

  /** Gives up what was not asked for. */
  return(): Promise<IteratorResult<Frame, undefined>> {
    this.drop();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #release(): void {
    this.#whenTaken?.();
    this.#whenTaken = undefined;
  }
}

function ended(): BrokenReplyError {
  return new BrokenReplyError("There was a last frame already", { hasBegun: true });
}
