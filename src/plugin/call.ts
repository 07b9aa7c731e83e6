/**
 * One operation while it is open: what it holds, and what can end it before its reply does.
 *
 * @module
 */
import { CallTimeoutError } from "../errors.ts";
import type { Frame } from "../protocol/frames.ts";
import { Limit } from "../protocol/limit.ts";
import type { Connection } from "./connection.ts";
import type { Reply } from "./reply.ts";
import type { CallTrace } from "./tracing.ts";
import { SilenceWatch } from "./silence.ts";
import type { CallOptions } from "./interface.ts";

/** Which operation of which plugin this is. */
export interface OperationName {
  readonly plugin: string;
  /** The member that was called, for example `executeStream`. */
  readonly member: string;
}

/** A request under way on one worker. */
export interface Attempt {
  readonly connection: Connection;
  /** `undefined` while the files of its arguments are written. */
  readonly reply: Reply | undefined;
}

/** An operation that its caller, a deadline or the worker's end can abandon, whether or not somebody is waiting for its next frame. */
export class OpenCall {
  /** Which operation this is. */
  readonly name: OperationName;
  /** The id under which the worker knows it; `undefined` for what is no call. */
  readonly id: string | undefined;
  /** Called when the worker does not end the operation after it was abandoned. */
  onStuck: (attempt: Attempt) => Promise<void> = () => Promise.resolve();
  /** What is told of it to whoever traces calls. */
  trace: CallTrace | undefined;
  readonly #abandoned = new AbortController();
  readonly #options: CallOptions;
  readonly #onCallerAbort: () => void;
  readonly #limit: Limit | undefined;
  readonly #silence: SilenceWatch | undefined;
  #turn: Disposable | undefined;
  #attempt: Attempt | undefined;
  #files: AsyncDisposable | undefined;
  #waiting: PromiseWithResolvers<Frame | undefined> | undefined;
  #loss: Promise<unknown> | undefined;
  #ended: Promise<void> | undefined;

  /** Opens an operation. A signal that is aborted already abandons it at once. */
  constructor(name: OperationName, id: string | undefined, options: CallOptions) {
    const { signal, timeoutMs, idleTimeoutMs } = options;
    this.name = name;
    this.id = id;
    this.#options = options;
    this.#onCallerAbort = () => this.abandon(signal?.reason);
    signal?.addEventListener("abort", this.#onCallerAbort, { once: true });
    if (timeoutMs !== undefined) this.#limit = new Limit(timeoutMs, () => this.abandon(tooLong(name, timeoutMs)));
    if (idleTimeoutMs !== undefined) {
      this.#silence = new SilenceWatch({ limitMs: idleTimeoutMs, onTooLong: () => this.abandon(tooSilent(name, idleTimeoutMs)) });
    }
    if (signal?.aborted) this.#onCallerAbort();
  }

  /** Whether progress is of use: somebody listens, or takes it for a sign of life. */
  get wantsProgress(): boolean {
    return this.#options.onProgress !== undefined || this.#silence !== undefined;
  }

  /** Aborted, with the error that the caller gets, once the operation has been abandoned. */
  get signal(): AbortSignal {
    return this.#abandoned.signal;
  }

  /** Whether it takes a place among those that run. */
  get isCall(): boolean {
    return this.id !== undefined;
  }

  /** Where the operation runs, while it does. */
  get attempt(): Attempt | undefined {
    return this.#attempt;
  }

  /** Takes over the operation's place among those that run. */
  hold(turn: Disposable | undefined): void {
    this.#turn = turn;
    // An operation that was abandoned in the moment in which its turn came has let go of all that it held by then.
    if (this.signal.aborted) turn?.[Symbol.dispose]();
  }

  /** From here on the end of this worker is the operation's, also before it has been sent. */
  prepare(connection: Connection): void {
    this.signal.throwIfAborted();
    this.#attempt = { connection, reply: undefined };
  }

  /** Takes over the files of the arguments, which the plugin may read until it has really finished. */
  holdFiles(files: AsyncDisposable): void {
    this.#files = files;
  }

  /** Sends the request to the worker that was prepared for, if that is still there. */
  send(connection: Connection, request: () => Reply): void {
    this.signal.throwIfAborted();
    if (this.#attempt?.connection === connection) this.#attempt = { connection, reply: request() };
  }

  /** The next frame, or the error with which the operation was abandoned. `undefined`: the worker is gone, and the request may be sent again. */
  async nextFrame(): Promise<Frame | undefined> {
    this.signal.throwIfAborted();
    if (this.#attempt?.reply === undefined) return undefined;
    const { reply, connection } = this.#attempt;
    // A race against the signal would keep a reaction for every frame of a long stream.
    const waiting = this.#waiting = Promise.withResolvers<Frame | undefined>();
    // A frame that comes after the caller has been answered is thrown away.
    reply.next().then((frame) => this.signal.aborted ? reply.discard(frame) : waiting.resolve(frame), waiting.reject);
    this.#silence?.listen(() => connection.worker?.log.lastAt ?? 0);
    const frame = await waiting.promise;
    this.#silence?.pause();
    return frame;
  }

  /**
   * The worker of its attempt is gone. This error ends the operation, behind all that the worker had sent, unless the operation was not sent yet or
   * may be sent again. Resolves when nothing more is wanted of that worker.
   */
  async lose(error: unknown, { isFinal }: { readonly isFinal: boolean }): Promise<void> {
    await (this.#loss = this.#lose(error, isFinal));
  }

  /** What ends the operation when nothing more comes of its worker, once that has been told to be gone. */
  get loss(): Promise<unknown> | undefined {
    return this.#loss;
  }

  async #lose(error: unknown, isFinal: boolean): Promise<unknown> {
    const reply = this.#attempt?.reply;
    if (reply !== undefined) await reply.readOut();
    if (this.signal.aborted) return;
    const mayBeSent = reply === undefined || (this.#options.idempotent && !reply.hasAnswered);
    if (mayBeSent && !isFinal) {
      this.#attempt = undefined;
      this.#waiting?.resolve(undefined);
      return;
    }
    if (reply === undefined) this.abandon(error);
    // Others need not wait for a caller who takes his time.
    this.#turn?.[Symbol.dispose]();
    return error;
  }

  /** Ends the operation with an error for its caller. Only the first one counts. */
  abandon(error: unknown): void {
    this.#abandoned.abort(error);
    this.#waiting?.reject(this.signal.reason);
    void this.end();
  }

  /** Lets go of all that the operation holds. Its turn goes on when the worker has really finished, which may be after the caller's answer. */
  end(): Promise<void> {
    return this.#ended ??= this.#release();
  }

  async #release(): Promise<void> {
    this.#limit?.[Symbol.dispose]();
    this.#silence?.pause();
    this.#options.signal?.removeEventListener("abort", this.#onCallerAbort);
    const attempt = this.#attempt;
    const left = attempt?.reply?.ended === false ? attempt.reply : undefined;
    if (left !== undefined && !await left.abandon()) await this.onStuck(attempt!);
    if (this.#files !== undefined) await removeFiles(this.#files);
    this.#turn?.[Symbol.dispose]();
    if (left === undefined) return;
    this.#attempt = undefined;
    await left.drained;
  }
}

async function removeFiles(files: AsyncDisposable): Promise<void> {
  try {
    await files[Symbol.asyncDispose]();
  } catch {
    // What cannot be removed now goes with the worker's folder.
  }
}

function tooLong({ plugin, member }: OperationName, timeoutMs: number): CallTimeoutError {
  const message = `"${member}" of "${plugin}" took longer than its limit of ${timeoutMs} ms, and was told to stop`;
  return new CallTimeoutError(message, { plugin, timeoutMs });
}

function tooSilent({ plugin, member }: OperationName, timeoutMs: number): CallTimeoutError {
  const message =
    `"${member}" of "${plugin}" gave no sign of life for ${timeoutMs} ms, no progress, chunk or line of output, and was told to stop`;
  return new CallTimeoutError(message, { plugin, timeoutMs, idle: true });
}
