/**
 * The way of an operation: its turn, its attempts on one worker after the other, the frames of each, and the one answer at the end.
 *
 * @module
 */
import { ProtocolError, RemoteError } from "../errors.ts";
import { isFileGone } from "../payload/file_result.ts";
import type { Frame } from "../protocol/frames.ts";
import { endpointRule } from "../protocol/endpoints.ts";
import type { ErrorBody } from "../protocol/messages.ts";
import { Turns } from "../protocol/turns.ts";
import { isExecution, type Operation, TakenBody } from "./arguments.ts";
import { Call } from "./call.ts";
import { atCaller } from "./caller_stack.ts";
import { cancelledError, closedError, isBreach, isBroken, reportedError, transportError } from "./failures.ts";
import type { CallOptions, OperationOptions } from "./interface.ts";
import { checkLimits } from "./limits.ts";
import type { LoadedWorker } from "./loaded_worker.ts";
import { outcomeOf } from "./outcome.ts";
import { Reply } from "./reply.ts";
import { decodeFrame, discardFrame, holdFrame } from "./results.ts";
import { type CallTrace, followed, type Tracing } from "./tracing.ts";
import { Workers, type WorkersOptions } from "./workers.ts";
import { WrittenRequest } from "./written_request.ts";

/** What holds for all operations of a plugin, and for the succession of its workers. */
export interface DispatchOptions extends WorkersOptions {
  /** How long a cancelled call may take to end in the worker, in milliseconds, before the worker is ended. Default: 2,000. */
  readonly cancelBudgetMs?: number;
  /** How long a call may be silent that does not say so itself. Default: no limit. */
  readonly idleTimeoutMs?: number;
  /** Told of each call, when anybody traces them. */
  readonly tracing?: Tracing;
}

/** How one operation is run. */
interface RunOptions extends CallOptions {
  readonly trace?: CallTrace;
  /** The one worker that it is for, whatever follows it, and without a turn. Default: whichever worker the plugin has. */
  readonly on?: LoadedWorker;
}

/** An operation whose arguments are ready for the wire, but for what is to become a file. */
interface TakenOperation {
  readonly endpoint: Operation["endpoint"];
  readonly taken: TakenBody;
}

/** Sends the operations of one plugin to whichever worker it has. */
export class Dispatch {
  readonly #options: DispatchOptions;
  readonly #plugin: string;
  readonly #turns: Turns;
  readonly #open = new Set<Call>();
  /** What streams were called with that nobody has begun to read. */
  readonly #unread = new Set<TakenBody>();
  /** A worker may serve several hosts, which must not choose the same ids. */
  readonly #idPrefix = crypto.randomUUID().slice(0, 8);
  #nextId = 1;
  /** The workers, one after the other. */
  readonly workers: Workers;

  /** Begins with a worker that runs. */
  constructor(first: LoadedWorker, options: DispatchOptions) {
    this.#options = options;
    this.#plugin = first.plugin.name;
    this.#turns = new Turns(first.maxConcurrency);
    this.workers = new Workers(first, options);
    options.log.onlyCall = () => this.#onlyCall();
  }

  /** Runs an operation that has one result. */
  async run(operation: Operation, options: OperationOptions): Promise<unknown> {
    return await this.#resultOf(operation, this.stream(operation, options));
  }

  /** Runs an operation that is the worker's own, and whose result is therefore an object, whatever the plugin does. */
  async ask<Answer>(operation: Operation, options: OperationOptions): Promise<Answer> {
    const body = await this.run(operation, options);
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as Answer;
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
    const { tracing } = this.#options;
    if (tracing === undefined || !endpointRule(operation.endpoint).isCall) return this.#frames(operation, take, options);
    return this.#traced(operation, take, options);
  }

  async *#traced(operation: Operation, take: () => TakenBody, options: CallOptions): AsyncGenerator<unknown, unknown, void> {
    const trace = this.#options.tracing!.begin(operation, this.#plugin);
    return yield* followed(this.#frames(operation, take, { ...options, trace }), trace, options.signal);
  }

  async *#frames(operation: Operation, take: () => TakenBody, options: RunOptions): AsyncGenerator<unknown, unknown, void> {
    const taken = take();
    const { on, onProgress } = options;
    if (on === undefined) this.workers.check(operation.member);
    this.#unread.delete(taken);
    const call = this.#openCall(operation, options);
    try {
      if (call.id !== undefined && on === undefined) call.hold(await this.#turn(call));
      while (true) {
        const worker = on === undefined ? await this.workers.assign(call) : call.assign(on);
        await this.#send(call, worker, { endpoint: operation.endpoint, taken });
        for (let frame = await this.#next(call); frame !== undefined; frame = await this.#next(call)) {
          if ("progress" in frame) onProgress?.(frame);
          else if ("chunk" in frame) yield decodeFrame(frame, call);
          else if ("result" in frame) return decodeFrame(frame, call);
          else await this.#failed(call, frame.error);
        }
        // The worker is gone, and nothing stands against sending the call to the next one.
      }
    } catch (error) {
      throw atCaller(await this.#failureOf(call, error), this.#frames);
    } finally {
      taken[Symbol.dispose]();
      await this.#end(call);
    }
  }

  async #resultOf({ member }: Operation, frames: AsyncGenerator<unknown, unknown, void>): Promise<unknown> {
    const { value, done } = await frames.next();
    if (done) return value;
    await frames.return(undefined);
    throw this.#breach(member, "the worker answered with a stream");
  }

  /** Cancels what the worker runs or has waiting. False when there was nothing. */
  async cancel(options: OperationOptions): Promise<boolean> {
    const sent = this.#sentCalls();
    // Each of them is cancelled by its id, and a worker that does not stop them is ended.
    for (const call of sent) call.abandon(cancelledError(call.name, "cancel()"));
    // Another program's calls are not known here.
    const { status } = await this.ask<{ status: string }>({ endpoint: "cancel", member: "cancel", body: {} }, options);
    return sent.length > 0 || status === "cancelled";
  }

  /** Ends every open operation, and lets none begin any more. Resolves when the worker has let go of them. */
  async close(): Promise<void> {
    this.workers.close((member) => closedError({ plugin: this.#plugin, member }));
    for (const taken of this.#unread) taken[Symbol.dispose]();
    await Promise.all([...this.#open].map(closeCall));
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

  #sentCalls(): Call[] {
    return [...this.#open].filter(({ id, attempt }) => id !== undefined && attempt !== undefined);
  }

  #onlyCall(): string | undefined {
    const running = this.#sentCalls();
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

  #turn(call: Call): Promise<Disposable> {
    const turn = this.#turns.acquire(call.signal);
    return call.trace?.queue(turn) ?? turn;
  }

  #openCall({ member, endpoint }: Operation, { on, ...options }: RunOptions): Call {
    const { isCall } = endpointRule(endpoint);
    const id = isCall ? options.callId ?? `${this.#idPrefix}-${this.#nextId++}` : undefined;
    // A question can be asked again.
    const kind = isCall ? { idleTimeoutMs: options.idleTimeoutMs ?? this.#options.idleTimeoutMs } : { idempotent: true };
    const { cancelBudgetMs } = this.#options;
    const call = new Call({ plugin: this.#plugin, member }, { ...options, ...kind, id, cancelBudgetMs });
    if (on === undefined) this.#open.add(call);
    return call;
  }

  async #end(call: Call): Promise<void> {
    const reply = call.attempt?.reply;
    const hasEnded = reply?.ended === true;
    if (hasEnded) reply.discardAhead();
    const ended = call.end().finally(() => this.#open.delete(call));
    // One that was given up or left has its answer before its worker has let go of it.
    if (hasEnded) await ended;
  }

  /** Sends the call to the worker that it is assigned to, if that is still there when the files of its arguments are written. */
  async #send(call: Call, worker: LoadedWorker, { endpoint, taken }: TakenOperation): Promise<void> {
    const paths = taken.slots.length === 0 ? [] : await this.#writeInputs(call, worker, { endpoint, taken });
    const { id: callId, wantsProgress, trace } = call;
    const { exchange, files } = worker;
    const request = new WrittenRequest(
      { endpoint, callId, sharesFiles: files.areShared, wantsProgress, trace: trace?.sent },
      taken.json(paths),
    );
    trace?.send(worker, callId);
    const discard = (frame: Frame) => discardFrame(frame, files);
    const hold = (frame: Frame) => holdFrame(frame, files);
    call.send(worker, () => new Reply(exchange, request, { discard, hold }));
  }

  /** Writes the files that are in the arguments. A configuration's files stay for as long as the worker. */
  async #writeInputs(call: Call, worker: LoadedWorker, { endpoint, taken }: TakenOperation): Promise<readonly string[]> {
    try {
      const inputs = worker.files.openCall(call.signal);
      if (isExecution(endpoint)) call.holdInputs(inputs);
      else worker.files.keep(inputs);
      const writing = taken.write(inputs, call);
      return await (call.trace?.handOver(writing, inputs) ?? writing);
    } catch (error) {
      // A worker's folder goes with it. A call that may be sent again then is, with files for the next worker.
      if (!call.signal.aborted && isFileGone(error)) await worker.ending();
      if (call.signal.aborted || call.attempt?.worker === worker) throw error;
      return []; // It is not sent to this worker any more.
    }
  }

  async #next(call: Call): Promise<Frame | undefined> {
    try {
      return await call.next();
    } catch (error) {
      if (call.signal.aborted || !isBroken(error)) throw error;
      const loss = await this.#lossOf(call);
      if (call.attempt === undefined) return undefined;
      throw loss ?? error;
    }
  }

  /** The end of the process says more than the broken connection. It is the call's error, or lets it be sent again. */
  async #lossOf(call: Call): Promise<unknown> {
    const worker = call.attempt?.worker;
    const exit = await worker?.ending();
    if (call.loss !== undefined) return await call.loss;
    // Of a worker that has not taken its place yet nobody else tells.
    return exit && worker?.exitError(exit, [call.name.member]);
  }

  /** The worker reported an error. One whose plugin has ended its own thread is of no use any more, and ends like any that dies. */
  async #failed(call: Call, error: ErrorBody): Promise<void> {
    const cause = reportedError(error, call.name);
    if (error.code !== "plugin_exit") throw cause;
    const worker = call.attempt?.worker;
    if (worker === undefined) return; // It has ended meanwhile, and the call is sent again.
    if (worker.process === undefined) throw cause;
    await worker.terminate({ why: `its plugin cannot go on: ${error.message}`, cause, isCrash: true });
  }

  /** What the caller is told of a call that has failed. */
  async #failureOf(call: Call, error: unknown): Promise<unknown> {
    // A worker's files go with it, and its end says more than that they are not there.
    const loss = isFileGone(error) ? await this.#lossOf(call) : undefined;
    if (call.signal.aborted) return call.signal.reason;
    const failure = loss ?? transportError(error, call.name);
    // A file that is gone was the plugin's to remove, and nobody reads what is not there.
    if (isBreach(failure) && !isFileGone(error) && call.attempt !== undefined) void this.workers.giveUp(call.attempt.worker, failure);
    return failure;
  }
}

/** Ends a call for a host that cleans up. The end of its worker, which came first, is what its caller is told. */
async function closeCall(call: Call): Promise<void> {
  if (call.loss === undefined || await call.loss === undefined) call.abandon(cancelledError(call.name, "cleanup()"));
  await call.end();
}
