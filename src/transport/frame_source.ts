/**
 * The frames of one reply, for whoever asks for one after the other.
 *
 * @module
 */
import type { Exchange, WireRequest } from "../protocol/exchange.ts";
import type { Frame } from "../protocol/frames.ts";
import { BrokenReplyError } from "./errors.ts";

/** Whoever asks for a frame. */
export interface FrameReceiver {
  /** It has come. */
  onFrame(frame: Frame): void;
  /** None comes any more. */
  onError(error: unknown): void;
}

/** A request that was sent, and what answers it. */
export interface FrameSource {
  /** Gives the next frame, or the error in its place: at once when it is there, else when it comes. */
  receive(receiver: FrameReceiver): void;
  /** A number that grows with what comes on its connection. */
  readonly received: number;
  /** Whether the worker cannot have begun with it, for one before it on its connection is not answered. */
  readonly isBehind: boolean;
  /** Gives up the request: whoever waits for a frame gets the reason. */
  drop(reason?: unknown): void;
}

/** Sends a request. */
export type SendRequest = (request: WireRequest) => FrameSource;

/** Sends a request to a lane of the worker, behind those that were sent there and have not been answered. */
export type SendAhead = (request: WireRequest, lane: number) => FrameSource;

/** Sends requests by an exchange, each when its first frame is asked for. */
export function sendBy(exchange: Exchange): SendRequest {
  return (request) => new ExchangedFrames(exchange, request);
}

class ExchangedFrames implements FrameSource {
  readonly #drop = new AbortController();
  readonly #frames: AsyncIterator<Frame>;
  readonly isBehind = false;
  received = 0;

  constructor(exchange: Exchange, request: WireRequest) {
    this.#frames = exchange(request, this.#drop.signal)[Symbol.asyncIterator]();
  }

  receive(receiver: FrameReceiver): void {
    this.#frames.next().then(({ value, done }) => {
      this.received++;
      if (done) receiver.onError(cutShort());
      else receiver.onFrame(value);
    }, (error) => receiver.onError(error));
  }

  drop(reason?: unknown): void {
    this.#drop.abort(reason);
  }
}

function cutShort(): BrokenReplyError {
  return new BrokenReplyError("The reply ended before its last frame", { hasBegun: true });
}
