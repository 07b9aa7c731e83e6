/**
 * One operation while it is open: what it holds, and what can end it before its reply does.
 *
 * @module
 */
import { CallTimeoutError } from "../errors.ts";
import type { Frame } from "../protocol/frames.ts";
import type { Reply } from "./_reply.ts";
import type { OperationOptions } from "./interface.ts";

/** Which operation of which plugin this is. */
export interface OperationName {
  readonly plugin: string;
  /** The member that was called, for example `executeStream`. */
  readonly member: string;
}

/** An operation that its caller, a deadline or the worker's end can abandon, whether or not somebody is waiting for its next frame. */
export class OpenCall {
  /** Which operation this is. */
  readonly name: OperationName;
  readonly #abandoned = new AbortController();
  readonly #callerSignal: AbortSignal | undefined;
  readonly #onCallerAbort: () => void;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  #turn: Disposable | undefined;
  #reply: Reply | undefined;
  #reject: ((reason: unknown) => void) | undefined;
  #ended: Promise<void> | undefined;

  /** Opens an operation. A signal that is aborted already abandons it at once. */
  constructor(name: OperationName, { signal, timeoutMs }: OperationOptions) {
    this.name = name;
    this.#callerSignal = signal;
    this.#onCallerAbort = () => this.abandon(signal?.reason);
    signal?.addEventListener("abort", this.#onCallerAbort, { once: true });
    if (timeoutMs !== undefined) this.#timer = setTimeout(() => this.abandon(timeoutError(name, timeoutMs)), timeoutMs);
    if (signal?.aborted) this.#onCallerAbort();
  }

  /** Aborted, with the error that the caller gets, once the operation has been abandoned. */
  get signal(): AbortSignal {
    return this.#abandoned.signal;
  }

  /** Takes over the operation's place among those that run, and its request. */
  begin(turn: Disposable | undefined, send: () => Reply): void {
    this.#turn = turn;
    this.signal.throwIfAborted();
    this.#reply = send();
  }

  /** The next frame, or the error with which the operation was abandoned. */
  nextFrame(): Promise<Frame> {
    if (this.signal.aborted || this.#reply === undefined) return Promise.reject(this.signal.reason);
    const frame = this.#reply.next();
    // A race against the signal would keep a reaction for every frame of a long stream.
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      frame.then(resolve, reject);
    });
  }

  /** Ends the operation with an error for its caller. Only the first one counts. */
  abandon(error: unknown): void {
    this.#abandoned.abort(error);
    this.#reject?.(this.signal.reason);
    void this.end();
  }

  /** Lets go of all that the operation holds. Its turn goes on when the worker has really finished, which may be after the caller's answer. */
  end(): Promise<void> {
    return this.#ended ??= this.#release();
  }

  async #release(): Promise<void> {
    clearTimeout(this.#timer);
    this.#callerSignal?.removeEventListener("abort", this.#onCallerAbort);
    if (this.#reply?.ended === false) await this.#reply.abandon();
    this.#turn?.[Symbol.dispose]();
  }
}

function timeoutError({ plugin, member }: OperationName, timeoutMs: number): CallTimeoutError {
  return new CallTimeoutError(`"${member}" of "${plugin}" took longer than its limit of ${timeoutMs} ms, and was told to stop`, {
    plugin,
    timeoutMs,
  });
}
