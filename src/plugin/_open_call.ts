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
  #files: AsyncDisposable | undefined;
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

  /** Takes over the operation's place among those that run. */
  holdTurn(turn: Disposable): void {
    if (this.signal.aborted) turn[Symbol.dispose]();
    else this.#turn = turn;
    this.signal.throwIfAborted();
  }

  /** Takes over the files of the operation's arguments, which the plugin may read until it has really finished. */
  holdFiles(files: AsyncDisposable): void {
    this.signal.throwIfAborted();
    this.#files = files;
  }

  /** Takes over the operation's request. */
  begin(send: () => Reply): void {
    this.signal.throwIfAborted();
    this.#reply = send();
  }

  /** The next frame, or the error with which the operation was abandoned. */
  nextFrame(): Promise<Frame> {
    if (this.signal.aborted || this.#reply === undefined) return Promise.reject(this.signal.reason);
    const reply = this.#reply;
    const frame = reply.next();
    // A race against the signal would keep a reaction for every frame of a long stream.
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      // A frame for which nobody waits any more is thrown away by whoever abandoned the operation.
      frame.then((value) => this.signal.aborted ? reply.discard(value) : resolve(value), reject);
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
    await this.#removeFiles();
    this.#turn?.[Symbol.dispose]();
  }

  async #removeFiles(): Promise<void> {
    try {
      await this.#files?.[Symbol.asyncDispose]();
    } catch {
      // What cannot be removed now goes with the worker's folder.
    }
  }
}

function timeoutError({ plugin, member }: OperationName, timeoutMs: number): CallTimeoutError {
  return new CallTimeoutError(`"${member}" of "${plugin}" took longer than its limit of ${timeoutMs} ms, and was told to stop`, {
    plugin,
    timeoutMs,
  });
}
