/**
 * The way of an operation: its turn, its attempts on one worker after the other, the frames of each, and the one answer at the end.
 *
 * @module
 */
import { ProtocolError, RemoteError } from "../errors.ts";
import { endpointRule } from "../protocol/endpoints.ts";
import type { CallbackFrame } from "../protocol/frames.ts";
import { isRecord } from "../protocol/json.ts";
import { MalformedReplyError } from "../transport/errors.ts";
import { type Operation, TakenBody } from "./arguments.ts";
import { Call } from "./call.ts";
import { CallbackScope } from "./callback_scope.ts";
import { Callbacks } from "./callbacks.ts";
import { ClientLogs, tellLine } from "./client_logs.ts";
import { ChosenIds } from "./chosen_ids.ts";
import { atCaller } from "./caller_stack.ts";
import { failed, failureOf, MAY_BE_SENT } from "./failed_attempt.ts";
import { cancelledError, closedError, withinCallbackError } from "./failures.ts";
import type { CallOptions, OperationOptions } from "./interface.ts";
import { checkLimits } from "./limits.ts";
import type { LoadedWorker } from "./loaded_worker.ts";
import { OrderedList } from "./ordered_list.ts";
import { outcomeOf } from "./outcome.ts";
import { decodeFrame } from "./results.ts";
import { SendQueue } from "./send_queue.ts";
import { sendTo, turnRequest } from "./sending.ts";
import type { Run, RunOptions } from "./run.ts";
import { followed, type Tracing } from "./tracing.ts";
import type { Turn } from "./turn.ts";
import { UnbegunError } from "./unbegun.ts";
import { Workers, type WorkersOptions } from "./workers.ts";

/** What holds for all operations of a plugin, and for its workers, one after the other. */
export interface DispatchOptions extends WorkersOptions {
  /** How long a cancelled call may take to end in the worker, in milliseconds, before the worker is ended. Default: 2,000. */
  readonly cancelBudgetMs?: number;
  /** How long a call may be silent that does not say so itself. Default: no limit. */
  readonly idleTimeoutMs?: number;
  /** Told of each call, when anybody traces them. */
  readonly tracing?: Tracing;
}

/** Sends the operations of one plugin to whichever worker it has. */
export class Dispatch {
  readonly #options: DispatchOptions;
  readonly #plugin: string;
  readonly #queue: SendQueue;
  readonly #calls = new OrderedList<Call>();
  /** What streams were called with that nobody has begun to read. */
  readonly #unread = new Set<TakenBody>();
  /** A worker may serve several hosts, which must not choose the same ids. */
  readonly #idPrefix = crypto.randomUUID().slice(0, 8);
  #nextId = 1;
  readonly #chosenIds = new ChosenIds();
  readonly #clientLogs: ClientLogs;
  readonly #newId = () => `${this.#idPrefix}-${this.#nextId++}`;
  /** What is done within callbacks. */
  readonly callbackScope = new CallbackScope();
  /** The workers, one after the other. */
  readonly workers: Workers;

  /** Begins with a worker that runs. */
  constructor(first: LoadedWorker, options: DispatchOptions) {
    this.#options = options;
    this.#plugin = first.plugin.name;
    this.#queue = new SendQueue(first.capacity, first.maxConcurrency);
    this.workers = new Workers(first, options);
    this.#clientLogs = new ClientLogs(options.log, this.#chosenIds);
    options.log.onlyCall = () => this.#onlyCall();
  }

  /** Runs an operation that has one result. */
  async run(operation: Operation, options: OperationOptions): Promise<unknown> {
    if (this.#isTraced(operation)) return await this.#resultOf(operation, this.stream(operation, options));
    const run = this.#open(operation, this.#take(operation, options), options);
    try {
      const { value, done } = await this.#next(run);
      if (done) return value;
    } finally {
      const ended = this.#end(run);
      if (ended !== undefined) await ended;
    }
    throw this.#breach(operation.member, "the worker answered with a stream");
  }

  /** Runs an operation that is the worker's own, and whose result is therefore an object, whatever the plugin does. */
  async ask<Answer>(operation: Operation, options: OperationOptions): Promise<Answer> {
    const body = await this.run(operation, options);
    if (isRecord(body)) return body as Answer;
    throw this.#breach(operation.member, "the worker answered with what is no object");
  }

  /** Runs an operation on a worker that nobody else can use, or can use any more. */
  async runOn(worker: LoadedWorker, operation: Operation, options: OperationOptions): Promise<unknown> {
    const trace = this.#options.tracing?.begin(operation, this.#plugin);
    const frames = this.#frames(operation, () => TakenBody.of(operation, this.#plugin), { ...options, trace, on: worker });
    return await this.#resultOf(operation, trace === undefined ? frames : followed(frames, trace, options.signal));
  }

  /** Runs an operation, yields its chunks and returns its result. Leaving early cancels it in the worker. What it is called with is taken at once. */
  stream(operation: Operation, options: CallOptions): AsyncGenerator<unknown, unknown, void> {
    const take = outcomeOf(() => this.#take(operation, options));
    return this.#isTraced(operation) ? this.#traced(operation, take, options) : this.#frames(operation, take, options);
  }

  async *#traced(operation: Operation, take: () => TakenBody, options: CallOptions): AsyncGenerator<unknown, unknown, void> {
    const trace = this.#options.tracing!.begin(operation, this.#plugin);
    return yield* followed(this.#frames(operation, take, { ...options, trace }), trace, options.signal);
  }

  async *#frames(operation: Operation, take: () => TakenBody, options: RunOptions): AsyncGenerator<unknown, unknown, void> {
    const run = this.#open(operation, take(), options);
    try {
      for (let step = await this.#next(run);; step = await this.#next(run)) {
        if (step.done) return step.value;
        yield step.value;
      }
    } catch (error) {
      throw atCaller(error, this.#frames);
    } finally {
      await this.#end(run);
    }
  }

  /** The operation's next chunk, or its result. */
  async #next(run: Run): Promise<IteratorResult<unknown, unknown>> {
    const { call, options } = run;
    while (true) {
      try {
        // The first attempt, and the next one when a worker is gone and nothing stands against it.
        const sending = call.attempt?.reply === undefined ? this.#attempt(run) : undefined;
        if (sending !== undefined) await sending;
        const frame = await call.next();
        if (frame === undefined) continue;
        if ("result" in frame) return { done: true, value: decodeFrame(frame, call) };
        if ("chunk" in frame) return { done: false, value: decodeFrame(frame, call) };
        if ("progress" in frame) options.onProgress?.(frame);
        else if ("callback" in frame) await callBack(run, frame);
        else if ("log" in frame) tellLine(frame.log, { call, onLog: options.onLog, log: this.workers.log });
        else if (frame.error.code !== "cancelled" || !await call.wasTakenBack()) {
          await failed(call, frame.error, run.callbacks?.failure(frame.error.callback));
        }
      } catch (error) {
        const failure = await failureOf(call, error, this.workers);
        if (failure !== MAY_BE_SENT) throw options.isMovable && this.#isUnbegun(call) ? new UnbegunError(failure) : failure;
      }
    }
  }

  /** Whether no worker has begun with a call, or will. */
  #isUnbegun(call: Call): boolean {
    return call.isUnbegun || (this.workers.isOver && call.attempt === undefined && !call.isAbandoned);
  }

  /** Sends the operation to the worker that runs: at once, or when it has its turn, the worker is there, and its files are written. */
  #attempt(run: Run): Promise<void> | undefined {
    const { call, options: { on } } = run;
    if (call.id !== undefined && on === undefined && !call.hasTurn) {
      const turn = this.#acquire(run);
      if (turn === undefined && run.options.isWithinCallback) throw withinCallbackError(call.name);
      if (turn === undefined) return this.#attemptInTurn(run);
      call.hold(turn);
    }
    const worker = on === undefined ? this.workers.assign(call) : call.assign(on);
    return worker instanceof Promise ? this.#sendLater(worker, run) : this.#send(worker, run);
  }

  #attemptInTurn(run: Run): Promise<void> {
    const { call, taken, options } = run;
    const queued = call.trace && Promise.withResolvers<void>();
    const wait = this.#queue.wait(turnRequest(taken, options), (turn) => {
      call.hold(turn);
      queued?.resolve(turn.whenFirst);
      return this.#attempt(run);
    });
    call.waitFor(wait);
    if (queued !== undefined) {
      void call.trace!.queue(queued.promise).catch(() => {});
      wait.sent.catch(queued.reject);
    }
    return wait.sent;
  }

  async #sendLater(worker: Promise<LoadedWorker>, run: Run): Promise<void> {
    await this.#send(await worker, run);
  }

  #send(worker: LoadedWorker, run: Run): Promise<void> | undefined {
    this.#queue.takesAhead = worker.sendAhead !== undefined;
    return sendTo(worker, run.call, run);
  }

  async #resultOf({ member }: Operation, frames: AsyncGenerator<unknown, unknown, void>): Promise<unknown> {
    const { value, done } = await frames.next();
    if (done) return value;
    await frames.return(undefined);
    throw this.#breach(member, "the worker answered with a stream");
  }

  /** Cancels what the worker runs or has waiting. False when there was nothing. */
  async cancel(options: OperationOptions): Promise<boolean> {
    return await this.#cancel(this.#running(), options);
  }

  /** Cancels what the worker runs, and all that waits for it here. False when there was nothing. */
  async cancelAll(options: OperationOptions): Promise<boolean> {
    return await this.#cancel([...this.#calls].filter(({ id }) => id !== undefined), options);
  }

  async #cancel(calls: readonly Call[], options: OperationOptions): Promise<boolean> {
    const bodies = this.#cancelBodies(calls);
    // Each of them is cancelled by its id, and a worker that does not stop them is ended.
    // The last ones come first: the worker would begin with the next one when it has let go of one.
    for (const call of calls.toReversed()) call.abandon(cancelledError(call.name, "cancel()"));
    const asked = bodies.map((body) => this.ask<{ status: string }>({ endpoint: "cancel", member: "cancel", body }, options));
    const answers = await Promise.all(asked);
    return calls.length > 0 || answers.some(({ status }) => status === "cancelled");
  }

  /**
   * What the worker is asked for by `cancel()`. Calls of another program are not known here, so that it is all that runs. Where calls of this one have all
   * lanes it is these: by the time at which the worker hears of it, all that runs would be what follows them.
   */
  #cancelBodies(calls: readonly Call[]): Readonly<Record<string, unknown>>[] {
    const running = calls.filter(({ isRunning, isAbandoned }) => isRunning && !isAbandoned);
    return running.length < this.workers.current.maxConcurrency ? [{}] : running.map(({ id }) => ({ call_id: id }));
  }

  /** Ends every open operation, and lets none begin any more. Resolves when the worker has let go of them. */
  async close(): Promise<void> {
    // What waits for a worker that has ended before is told of that when its turn comes.
    const told = this.workers.isOver ? [...this.#calls].filter(({ attempt }) => attempt !== undefined) : [...this.#calls];
    this.workers.close((member) => closedError({ plugin: this.#plugin, member }));
    for (const taken of this.#unread) taken[Symbol.dispose]();
    await Promise.all(told.map(closeCall));
  }

  /** The plugin's own cleanup, the last request that a worker gets. A plugin that fails at it or takes too long is ended all the same. */
  async cleanUpPlugin(budgetMs: number): Promise<void> {
    const operation = { endpoint: "cleanup", member: "cleanup", body: {} } as const;
    const { current: on, log } = this.workers;
    try {
      await this.#resultOf(operation, this.#frames(operation, () => TakenBody.of(operation, this.#plugin), { timeoutMs: budgetMs, on }));
    } catch (error) {
      // All else means that the worker is gone or stuck; it is ended next in any case.
      if (error instanceof RemoteError) log.add("host", `cleanup() failed with ${error.remoteType}: ${error.remoteMessage}`);
    }
  }

  /** The calls that the worker runs; those behind them wait, wherever they do it. */
  #running(): Call[] {
    return [...this.#calls].filter(({ id, isRunning }) => id !== undefined && isRunning);
  }

  #onlyCall(): string | undefined {
    const running = this.#running();
    return running.length === 1 ? running[0]!.id : undefined;
  }

  /** Refuses what cannot be done before it takes what that would be done with. */
  #take(operation: Operation, options: CallOptions): TakenBody {
    this.workers.check(operation.member);
    checkLimits({ plugin: this.#plugin, member: operation.member }, options);
    const taken = TakenBody.of(operation, this.#plugin);
    if (taken.slots.length > 0) this.#unread.add(taken);
    return taken;
  }

  #breach(member: string, what: string): ProtocolError {
    const breach = new ProtocolError(`Cannot run "${member}" of "${this.#plugin}": ${what}`, { plugin: this.#plugin });
    void this.workers.giveUp(this.workers.current, breach);
    return breach;
  }

  #isTraced({ endpoint }: Operation): boolean {
    return this.#options.tracing !== undefined && endpointRule(endpoint).isCall;
  }

  #acquire(run: Run): Turn | undefined {
    const turn = this.#queue.acquire(turnRequest(run.taken, run.options));
    if (turn?.isFirst) run.call.trace?.hasTurn();
    else if (turn !== undefined) void run.call.trace?.queue(turn.whenFirst);
    return turn;
  }

  #open({ member, endpoint }: Operation, taken: TakenBody, given: RunOptions): Run {
    const { isCall } = endpointRule(endpoint);
    const options = this.#clientLogs.admit({ endpoint }, isCall, given);
    const { on, signal, timeoutMs, onProgress, trace, traceContext } = options;
    if (on === undefined) this.workers.check(member);
    this.#unread.delete(taken);
    const { callId, onLog } = options;
    const id = isCall ? callId ?? this.#newId() : undefined;
    const isIdTaken = isCall && callId !== undefined && this.#chosenIds.add(callId);
    // A question can be asked again.
    const idempotent = isCall ? options.idempotent : true;
    const idleTimeoutMs = options.idleTimeoutMs ?? (isCall ? this.#options.idleTimeoutMs : undefined);
    const { cancelBudgetMs } = this.#options;
    const facts = { id, newId: this.#newId, signal, timeoutMs, idleTimeoutMs, onProgress, idempotent, cancelBudgetMs, trace, traceContext };
    const call = new Call({ plugin: this.#plugin, member }, facts);
    const entry = on === undefined ? this.#calls.add(call) : undefined;
    const following = onLog && this.#clientLogs.follow(call, onLog);
    const callbacks = taken.functions.length === 0 ? undefined : new Callbacks(taken.functions, call, this.callbackScope);
    const isWithinCallback = isCall && on === undefined && this.callbackScope.isInside;
    const known = isIdTaken || isWithinCallback ? { ...options, isIdTaken, isWithinCallback } : options;
    return { call, endpoint, taken, options: known, entry, following, callbacks };
  }

  /** Lets go of an operation. Resolves when that is done, for one that has ended; one that was given up or left has its answer before that. */
  #end(run: Run): Promise<void> | undefined {
    const { call, taken, following, callbacks } = run;
    taken[Symbol.dispose]();
    following?.[Symbol.dispose]();
    callbacks?.[Symbol.dispose]();
    const reply = call.attempt?.reply;
    const hasEnded = reply?.ended === true;
    if (hasEnded) reply.discardAhead();
    const ended = call.end();
    if (ended === undefined) this.#forget(run);
    else void ended.finally(() => this.#forget(run));
    return hasEnded ? ended : undefined;
  }

  #forget({ entry, call, options: { callId } }: Run): void {
    if (call.id !== undefined && callId !== undefined) this.#chosenIds.remove(callId);
    if (entry !== undefined) this.#calls.remove(entry);
  }
}

/** @throws {MalformedReplyError} For a call without functions, and for what its worker may not call. */
async function callBack({ callbacks }: Run, frame: CallbackFrame): Promise<void> {
  if (callbacks === undefined) throw new MalformedReplyError("It called a function, and was given none");
  await callbacks.begin(frame);
}

/** Ends a call for a host that cleans up. The end of its worker, which came first, is what its caller is told. */
async function closeCall(call: Call): Promise<void> {
  if (call.loss === undefined || await call.loss === undefined) call.abandon(cancelledError(call.name, "cleanup()"));
  await call.end();
}
