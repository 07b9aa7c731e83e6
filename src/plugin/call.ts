/**
 * One operation while it is open: what it holds, and what can end it before its reply does.
 *
 * @module
 */
import type { WorkerFiles } from "../payload/worker_files.ts";
import type { WireRequest } from "../protocol/exchange.ts";
import type { Frame } from "../protocol/frames.ts";
import { Limit } from "../protocol/limit.ts";
import { type TraceContext, traceFrom } from "../protocol/telemetry.ts";
import { cancelInWorker, LADDER, letsGo, type Remains } from "./cancelling.ts";
import { type OperationName, tooLongError, tooSilentError } from "./failures.ts";
import type { CallOptions } from "./interface.ts";
import type { LoadedWorker, LossOptions, Tenant } from "./loaded_worker.ts";
import type { Entry } from "./ordered_list.ts";
import { Reply } from "./reply.ts";
import type { WaitForTurn } from "./send_queue.ts";
import { SilenceWatch } from "./silence.ts";
import type { CallTrace } from "./tracing.ts";
import type { Turn, TurnHolder } from "./turn.ts";

/** An operation on one worker. */
export interface Attempt {
  readonly worker: LoadedWorker;
  /** `undefined` while the files of its arguments are written. */
  readonly reply: Reply | undefined;
}

/** What an operation is opened with. */
export interface OpenOptions extends CallOptions {
  /** The id under which the worker knows it; left out for what is no call. */
  readonly id?: string;
  /** How long a worker may take to let go of it once it is abandoned, in milliseconds. Default: the ladder's. */
  readonly cancelBudgetMs?: number;
  /** What is told of it to whoever traces calls. */
  readonly trace?: CallTrace;
  /** Makes another id, under which it may be sent once more to the same worker. */
  readonly newId?: () => string;
}

/**
 * An operation from when it is opened until its worker has let go of it. It waits for its turn, then for a worker; it is sent, and answered. If its worker is
 * lost before that, it ends with the loss, or waits for the next worker. Its caller and its limits abandon it in each of these states, whether or not
 * somebody waits for its next frame.
 */
export class Call implements Tenant, TurnHolder {
  readonly name: OperationName;
  /** What is told of it to whoever traces calls. */
  readonly trace: CallTrace | undefined;
  readonly #options: OpenOptions;
  #id: string | undefined;
  readonly #onCallerAbort: (() => void) | undefined;
  readonly #limit: Limit | undefined;
  readonly #silence: SilenceWatch | undefined;
  #abandonment: { readonly reason: unknown } | undefined;
  /** Made for those who want a signal. */
  #controller: AbortController | undefined;
  #wait: WaitForTurn | undefined;
  #turn: Turn | undefined;
  #recall: Promise<boolean> | undefined;
  #attempt: Attempt | undefined;
  #tenancy: Entry<Tenant> | undefined;
  #inputs: AsyncDisposable | undefined;
  #waiting: PromiseWithResolvers<Frame | undefined> | undefined;
  #loss: Promise<unknown> | undefined;
  #ended: Promise<void> | undefined;
  #isReleased = false;
  #isUnbegun = false;
  /** Called when the worker is gone. */
  onLoss: (() => void) | undefined;

  /** Opens an operation. A signal that is aborted already abandons it at once. */
  constructor(name: OperationName, options: OpenOptions) {
    const { id, trace, signal, timeoutMs, idleTimeoutMs } = options;
    this.name = name;
    this.#id = id;
    this.trace = trace;
    this.#options = options;
    if (timeoutMs !== undefined) this.#limit = new Limit(timeoutMs, () => this.abandon(tooLongError(name, timeoutMs)));
    if (idleTimeoutMs !== undefined) {
      this.#silence = new SilenceWatch({ limitMs: idleTimeoutMs, onTooLong: () => this.abandon(tooSilentError(name, idleTimeoutMs)) });
    }
    if (signal === undefined) return;
    this.#onCallerAbort = () => this.abandon(signal.reason);
    signal.addEventListener("abort", this.#onCallerAbort, { once: true });
    if (signal.aborted) this.#onCallerAbort();
  }

  /** The id under which the worker knows it; `undefined` for what is no call. */
  get id(): string | undefined {
    return this.#id;
  }

  /** Whether progress is of use: somebody listens, or takes it for a sign of life. */
  get wantsProgress(): boolean {
    return this.#options.onProgress !== undefined || this.#silence !== undefined;
  }

  /** The trace of which it is a part, for the worker. */
  get sentTrace(): TraceContext | undefined {
    const { traceContext } = this.#options;
    return this.trace?.sent ?? (traceContext && traceFrom((name) => traceContext[name as keyof TraceContext]));
  }

  /** Whether its caller has been answered with an error. */
  get isAbandoned(): boolean {
    return this.#abandonment !== undefined;
  }

  /** Aborted, with the error that the caller gets, once the operation has been abandoned. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#abandonment !== undefined) this.#controller.abort(this.#abandonment.reason);
    return this.#controller.signal;
  }

  /** Where the operation runs, while it does. */
  get attempt(): Attempt | undefined {
    return this.#attempt;
  }

  /** The files of the worker that has the operation. */
  get files(): WorkerFiles | undefined {
    return this.#attempt?.worker.files;
  }

  /** Whether a worker has it and nothing to run before it. */
  get isRunning(): boolean {
    return this.#attempt !== undefined && this.#turn?.isFirst !== false;
  }

  /** Whether its worker, which no other one follows, ended before it can have begun with it. */
  get isUnbegun(): boolean {
    return this.#isUnbegun;
  }

  /** Whether it has its turn. */
  get hasTurn(): boolean {
    return this.#turn !== undefined;
  }

  /** Waits for the operation's turn, as long as it is wanted. */
  waitFor(wait: WaitForTurn): void {
    this.#wait = wait;
    if (this.#abandonment !== undefined) wait.leave(this.#abandonment.reason);
  }

  /** Takes over the operation's turn. */
  hold(turn: Turn): void {
    this.#turn = turn;
    turn.holder = this;
    // An operation that was abandoned in the moment in which its turn came has let go of all that it held by then.
    if (this.isAbandoned) turn[Symbol.dispose]();
  }

  /** From here on the end of this worker is the operation's, also before it has been sent. */
  assign(worker: LoadedWorker): LoadedWorker {
    this.throwIfAbandoned();
    this.#attempt = { worker, reply: undefined };
    this.#tenancy = worker.admit(this);
    return worker;
  }

  /** Throws the error with which the operation was abandoned, if it was. */
  throwIfAbandoned(): void {
    if (this.#abandonment !== undefined) throw this.#abandonment.reason;
  }

  /** Takes over the files of the arguments, which the plugin may read until it has really finished. */
  holdInputs(inputs: AsyncDisposable): void {
    this.#inputs = inputs;
  }

  /** Sends the request to the worker that it was assigned to, if that is still there. */
  send(worker: LoadedWorker, request: WireRequest): void {
    this.throwIfAbandoned();
    if (this.#attempt?.worker !== worker) return;
    const turn = this.#turn;
    const frames = turn === undefined || worker.sendAhead === undefined ? worker.send(request) : worker.sendAhead(request, turn.lane);
    this.#attempt = { worker, reply: new Reply(frames, worker.care) };
    this.#recall = undefined;
    turn?.send();
  }

  /** The next frame, or the error with which the operation was abandoned. `undefined`: the worker is gone, and the request may be sent again. */
  next(): Promise<Frame | undefined> {
    const { promise, resolve, reject } = this.#waiting = Promise.withResolvers<Frame | undefined>();
    const reply = this.#attempt?.reply;
    if (this.#abandonment !== undefined) reject(this.#abandonment.reason);
    else if (reply === undefined) resolve(undefined);
    else {
      if (this.#silence !== undefined) this.#listen(this.#silence);
      const onFrame = (frame: Frame): void => {
        this.#silence?.pause();
        // A frame that comes after the caller has been answered is thrown away.
        if (this.isAbandoned) reply.discard(frame);
        else resolve(frame);
      };
      reply.receive({ onFrame, onError: reject });
    }
    return promise;
  }

  /** Silence counts while the worker has nothing to run before the operation. */
  #listen(silence: SilenceWatch): void {
    const [waiting, log] = [this.#waiting, this.#attempt?.worker.process?.log];
    const listen = () => silence.listen(() => log?.lastAt ?? 0);
    if (this.#turn?.isFirst !== false) listen();
    else void this.#turn.whenFirst.then(() => this.#waiting === waiting && !this.#isReleased && listen());
  }

  /** Its silence does not count until this is disposed of: the plugin waits for something else. */
  holdSilence(): Disposable | undefined {
    return this.#silence?.hold();
  }

  async readOut(): Promise<void> {
    await this.#attempt?.reply?.readOut();
  }

  drop(): void {
    this.#attempt?.reply?.drop();
  }

  /**
   * The worker is gone. This error ends the operation, behind all that the worker had sent, unless the operation was not sent yet or may be sent again.
   * Resolves when nothing more is wanted of that worker.
   */
  async lose(error: unknown, { isFinal }: LossOptions): Promise<void> {
    if (this.#turn !== undefined) this.#turn.isSent = false;
    this.onLoss?.();
    await (this.#loss = this.#lose(error, isFinal));
  }

  /** What ends the operation when nothing more comes of its worker, once that has been told to be gone. */
  get loss(): Promise<unknown> | undefined {
    return this.#loss;
  }

  async #lose(error: unknown, isFinal: boolean): Promise<unknown> {
    const reply = this.#attempt?.reply;
    if (reply !== undefined) await reply.readOut();
    if (this.isAbandoned) return;
    const mayBeSent = reply === undefined || reply.wasBehind || (this.#options.idempotent && !reply.hasAnswered);
    if (mayBeSent && !isFinal) {
      this.leave();
      this.#waiting?.resolve(undefined);
      return;
    }
    this.#isUnbegun = mayBeSent === true;
    if (reply === undefined) this.abandon(error);
    // Others need not wait for a caller who takes his time.
    this.#turn?.[Symbol.dispose]();
    return error;
  }

  /** Ends the operation with an error for its caller, the first rung of the ladder. Only the first error counts. */
  abandon(error: unknown): void {
    this.#abandonment ??= { reason: error };
    this.#controller?.abort(this.#abandonment.reason);
    this.#wait?.leave(this.#abandonment.reason);
    this.#waiting?.reject(this.#abandonment.reason);
    void this.end();
  }

  takeBack(behind: string): void {
    this.#recall = this.#takeBack(behind);
  }

  /** Whether the worker has let go of it to have it sent to another lane. */
  async wasTakenBack(): Promise<boolean> {
    return await this.#recall ?? false;
  }

  async #takeBack(behind: string): Promise<boolean> {
    const { worker, reply } = this.#attempt ?? {};
    if (worker === undefined || reply === undefined || this.#id === undefined) return false;
    const hasLetGo = await letsGo(worker, { call_id: this.#id, ahead: true, behind });
    const isTakenBack = hasLetGo && this.#attempt?.reply === reply && !this.isAbandoned;
    if (isTakenBack) {
      this.leave();
      // Its id is that of a call that never runs, for this worker.
      this.#id = this.#options.newId?.();
      this.#waiting?.resolve(undefined);
      reply.drop();
    }
    this.#turn?.recalled(isTakenBack);
    return isTakenBack;
  }

  /** The worker has it no more. It may be sent to the next one, or once more to this one. */
  leave(): void {
    this.#silence?.pause();
    if (this.#tenancy !== undefined) this.#attempt?.worker.release(this.#tenancy);
    this.#attempt = undefined;
    if (this.#turn !== undefined) this.#turn.isSent = false;
  }

  /**
   * Lets go of all that the operation holds. Its turn goes on when the worker has really finished, which may be after the caller's answer. `undefined` when
   * nothing has to be waited for.
   */
  end(): Promise<void> | undefined {
    if (this.#isReleased) return this.#ended;
    this.#isReleased = true;
    this.#limit?.[Symbol.dispose]();
    this.#silence?.pause();
    if (this.#onCallerAbort !== undefined) this.#options.signal?.removeEventListener("abort", this.#onCallerAbort);
    const { worker, reply } = this.#attempt ?? {};
    if (this.#inputs === undefined && reply?.ended !== false) this.#finish();
    else this.#ended = this.#release(worker, reply);
    return this.#ended;
  }

  async #release(worker: LoadedWorker | undefined, reply: Reply | undefined): Promise<void> {
    const isOpen = worker !== undefined && reply?.ended === false;
    if (this.#turn !== undefined) this.#turn.isGivenUp = isOpen;
    const remains = isOpen ? await this.#cancel(worker, reply) : undefined;
    if (this.#inputs !== undefined) await removeFiles(this.#inputs);
    // The next call finds the room that files took which nobody has taken, and none of these files.
    await remains?.drained;
    this.#finish();
  }

  #finish(): void {
    this.#turn?.[Symbol.dispose]();
    this.leave();
  }

  /** Takes the other rungs. */
  #cancel(worker: LoadedWorker, reply: Reply): Promise<Remains> {
    const { id, name: { member } } = this;
    return cancelInWorker({ worker, reply, id, member, turn: this.#turn }, this.#options.cancelBudgetMs ?? LADDER.terminate.afterMs);
  }
}

async function removeFiles(files: AsyncDisposable): Promise<void> {
  try {
    await files[Symbol.asyncDispose]();
  } catch {
    // What cannot be removed now goes with the worker's folder.
  }
}
