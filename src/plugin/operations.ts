/**
 * Runs operations on a plugin, one code path for all of them: the turn, the request, the frames, and the one answer at the end.
 *
 * @module
 */
import { ProtocolError } from "../errors.ts";
import type { WireRequest } from "../protocol/exchange.ts";
import type { Frame } from "../protocol/frames.ts";
import { endpointRule } from "../protocol/endpoints.ts";
import type { ErrorBody } from "../protocol/messages.ts";
import { Limit } from "../protocol/limit.ts";
import { Turns } from "../protocol/turns.ts";
import { type Connection, EXIT_PATIENCE_MS } from "./connection.ts";
import { cancelledError, closedError, exitError, isBreach, isBroken, reportedError, transportError } from "./failures.ts";
import { isFileGone } from "../payload/file_result.ts";
import { type Attempt, OpenCall } from "./open_call.ts";
import { decodeFrame, discardFrame, holdFrame, writeFiles } from "./values.ts";
import { outcomeOf } from "./outcome.ts";
import { DEFAULT_CANCEL_BUDGET_MS, Reply } from "./reply.ts";
import { type Loss, Supervisor, type SupervisorOptions } from "./supervisor.ts";
import type { CallTrace, Tracing } from "./tracing.ts";
import { WrittenRequest } from "./written_request.ts";
import type { CallOptions, OperationOptions } from "./interface.ts";
import { checkLimits } from "./limits.ts";
import { TakenBody } from "./taken_body.ts";

/** What the worker is asked for, and under which name its errors speak of it. */
export interface Operation {
  readonly endpoint: WireRequest["endpoint"];
  readonly member: string;
  /** What it is called with, which is taken then; or what was taken before. */
  readonly body?: Body | TakenBody;
  /** What is told of it to whoever traces calls. */
  readonly trace?: CallTrace;
}

/** What an operation is called with. */
export type Body = Readonly<Record<string, unknown>>;

/** An operation whose arguments are ready for the wire, but for what is to become a file. */
interface TakenOperation {
  readonly endpoint: Operation["endpoint"];
  readonly taken: TakenBody;
}

/** What holds for all operations of a plugin, and for the succession of its workers. */
export interface OperationsOptions extends Omit<SupervisorOptions, "readOut" | "onLost"> {
  /** How long a cancelled call may take to end in the worker, in milliseconds, before the worker is ended. Default: 2,000. */
  readonly cancelBudgetMs?: number;
  /** How long a call may be silent that does not say so itself. Default: no limit. */
  readonly idleTimeoutMs?: number;
  /** Told of each call, when anybody traces them. */
  readonly tracing?: Tracing;
}

/** The operations of one plugin, on whichever worker it has. */
export class Operations {
  readonly #options: OperationsOptions;
  readonly #plugin: string;
  readonly #turns: Turns;
  readonly #open = new Set<OpenCall>();
  /** What streams were called with that nobody has begun to read. */
  readonly #unread = new Set<TakenBody>();
  /** A worker may serve several hosts, which must not choose the same ids. */
  readonly #idPrefix = crypto.randomUUID().slice(0, 8);
  #nextId = 1;
  /** Hands out the workers. */
  readonly supervisor: Supervisor;

  /** Begins with a worker that runs. */
  constructor(first: Connection, options: OperationsOptions) {
    this.#options = options;
    this.#plugin = first.plugin.name;
    this.#turns = new Turns(first.maxConcurrency);
    this.supervisor = new Supervisor(first, {
      ...options,
      readOut: (connection) => this.#readOut(connection),
      onLost: (loss) => this.#workerLost(loss),
    });
    options.log.onlyCall = () => this.#onlyCall();
  }

  /** Runs an operation that has one result. */
  async run(operation: Operation, options: OperationOptions): Promise<unknown> {
    const frames = this.stream(operation, options);
    const { value, done } = await frames.next();
    if (done) return value;
    await frames.return(undefined);
    throw this.#breach(operation.member, "the worker answered with a stream");
  }

  /** Runs an operation that is the worker's own, and whose result is therefore an object, whatever the plugin does. */
  async ask<Body>(operation: Operation, options: OperationOptions): Promise<Body> {
    const body = await this.run(operation, options);
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as Body;
    throw this.#breach(operation.member, "the worker answered with what is no object");
  }

  /** Runs an operation, yields its chunks and returns its result. Leaving early cancels it in the worker. What it is called with is taken at once. */
  stream(operation: Operation, options: CallOptions): AsyncGenerator<unknown, unknown, void> {
    const take = outcomeOf(() => this.#take(operation, options));
    const run = (traced: Operation) => this.#stream(traced, take, options);
    return this.#options.tracing?.follow(operation, { plugin: this.#plugin, run, signal: options.signal }) ?? run(operation);
  }

  async *#stream(operation: Operation, take: () => TakenBody, options: CallOptions): AsyncGenerator<unknown, unknown, void> {
    const taken = take();
    this.supervisor.check(operation.member);
    this.#unread.delete(taken);
    const call = this.#openCall(operation, options);
    try {
      if (endpointRule(operation.endpoint).isCall) call.hold(await this.#turn(call));
      for (let frame: Frame | undefined;; frame = await this.#next(call)) {
        if (frame === undefined) await this.#send(call, await this.supervisor.prepare(call), { endpoint: operation.endpoint, taken });
        else if ("progress" in frame) options.onProgress?.(frame);
        else if ("chunk" in frame) yield decodeFrame(frame, call);
        else if ("result" in frame) return decodeFrame(frame, call);
        else await this.#failed(call, frame.error);
      }
    } catch (error) {
      // A worker's files go with it, and its end says more than that they are not there.
      const loss = isFileGone(error) ? await this.#lossOf(call) : undefined;
      if (call.signal.aborted) throw call.signal.reason;
      const failure = loss ?? transportError(error, call.name);
      // A file that is gone was the plugin's to remove, and nobody reads what is not there.
      if (isBreach(failure) && !isFileGone(error) && call.attempt !== undefined) {
        void this.supervisor.distrust(call.attempt.connection, failure);
      }
      throw failure;
    } finally {
      taken[Symbol.dispose]();
      if (call.attempt?.reply?.ended) call.attempt.reply.discardAhead();
      const ended = this.#end(call);
      // One that was given up or left has its answer before its worker has let go of it.
      if (call.attempt?.reply?.ended) await ended;
    }
  }

  /** Runs an operation on a worker that nobody else can use yet. */
  async runOn(connection: Connection, operation: Operation, options: OperationOptions): Promise<void> {
    const call = new OpenCall({ plugin: this.#plugin, member: operation.member }, this.#newId(), options);
    const trace = call.trace = this.#options.tracing?.begin(operation, this.#plugin);
    try {
      call.prepare(connection);
      using taken = TakenBody.of(operation, this.#plugin);
      await this.#send(call, connection, { endpoint: operation.endpoint, taken });
      for (let frame = await call.nextFrame(); frame === undefined || !("result" in frame); frame = await call.nextFrame()) {
        if (frame !== undefined && "error" in frame) throw reportedError(frame.error, call.name);
      }
    } catch (error) {
      trace?.fail(error);
      const exit = isBroken(error) ? await connection.worker?.endedWithin(EXIT_PATIENCE_MS) : undefined;
      if (exit === undefined) throw transportError(error, call.name);
      throw exitError(this.#plugin, exit, { output: connection.worker!.log.tail, calls: [operation.member] });
    } finally {
      trace?.end();
      await call.end();
    }
  }

  /** Cancels what the worker runs or has waiting. False when there was nothing. */
  async cancel(options: OperationOptions): Promise<boolean> {
    const sent = [...this.#open].filter((call) => call.isCall && call.attempt !== undefined);
    // Each of them is cancelled by its id, and a worker that does not stop them is ended.
    for (const call of sent) call.abandon(cancelledError(call.name, "cancel()"));
    // Another program's calls are not known here.
    const { status } = await this.ask<{ status: string }>({ endpoint: "cancel", member: "cancel", body: {} }, options);
    return sent.length > 0 || status === "cancelled";
  }

  /** Ends every open operation, and lets none begin any more. Resolves when the worker has let go of them. */
  async close(): Promise<void> {
    this.supervisor.close((member) => closedError({ plugin: this.#plugin, member }));
    for (const taken of this.#unread) taken[Symbol.dispose]();
    await Promise.all([...this.#open].map(closeCall));
  }

  /** The plugin's own cleanup, the last request that a worker gets. A plugin that fails at it or takes too long is ended all the same. */
  async cleanUpPlugin(budgetMs: number): Promise<void> {
    const budget = new AbortController();
    using _limit = new Limit(budgetMs, () => budget.abort());
    const { current, log } = this.supervisor;
    try {
      const frame = await new Reply(current.exchange, { endpoint: "cleanup", body: {}, callId: this.#newId() }).last(budget.signal);
      if ("error" in frame) log.add("host", `cleanup() failed with ${frame.error.type}: ${frame.error.message}`);
    } catch {
      // The worker is gone or stuck; it is ended next in any case.
    }
  }

  /** A worker has ended, and its files go next. What it had sent to those who have given up is no use to anybody, and could take seconds to read. */
  async #readOut(connection: Connection): Promise<void> {
    const replies = this.#callsOn(connection).map(({ signal, attempt }) => ({ reply: attempt?.reply, isGivenUp: signal.aborted }));
    await Promise.all(replies.map(({ reply, isGivenUp }) => isGivenUp ? reply?.drop() : reply?.readOut()));
  }

  #callsOn(connection: Connection): OpenCall[] {
    return [...this.#open].filter((call) => call.attempt?.connection === connection);
  }

  /** A worker is gone: what it ran fails, or is sent again. What was not sent yet waits for the next one. */
  async #workerLost({ connection, error, isFinal, hasEnded }: Loss): Promise<void> {
    const there = this.#callsOn(connection);
    const hit = there.filter((call) => !call.signal.aborted);
    const failure = error(hit.map((call) => call.name.member));
    if (!hasEnded) hit.forEach((call) => call.abandon(failure));
    for (const call of there) if (call.signal.aborted) call.attempt?.reply?.drop();
    if (hasEnded) await Promise.all(hit.map((call) => call.lose(failure, { isFinal })));
  }

  #onlyCall(): string | undefined {
    const running = [...this.#open].filter((call) => call.isCall && call.attempt !== undefined);
    return running.length === 1 ? running[0]!.id : undefined;
  }

  /** Refuses what cannot be done before it takes what that would be done with. */
  #take(operation: Operation, options: CallOptions): TakenBody {
    this.supervisor.check(operation.member);
    checkLimits({ plugin: this.#plugin, member: operation.member }, options);
    const taken = TakenBody.of(operation, this.#plugin);
    if (taken.slots.length > 0) this.#unread.add(taken);
    return taken;
  }

  #newId(): string {
    return `${this.#idPrefix}-${this.#nextId++}`;
  }

  #breach(member: string, what: string): ProtocolError {
    const breach = new ProtocolError(`Cannot run "${member}" of "${this.#plugin}": ${what}`, { plugin: this.#plugin });
    void this.supervisor.distrust(this.supervisor.current, breach);
    return breach;
  }

  #turn(call: OpenCall): Promise<Disposable> {
    const turn = this.#turns.acquire(call.signal);
    return call.trace?.queue(turn) ?? turn;
  }

  #openCall({ member, endpoint, trace }: Operation, options: CallOptions): OpenCall {
    const { isCall } = endpointRule(endpoint);
    const id = isCall ? options.callId ?? this.#newId() : undefined;
    // A question can be asked again.
    const kind = isCall ? { idleTimeoutMs: options.idleTimeoutMs ?? this.#options.idleTimeoutMs } : { idempotent: true };
    const call = new OpenCall({ plugin: this.#plugin, member }, id, { ...options, ...kind });
    call.onStuck = (attempt) => this.#endStuckWorker(call, attempt);
    call.trace = trace;
    this.#open.add(call);
    return call;
  }

  async #end(call: OpenCall): Promise<void> {
    try {
      await call.end();
    } finally {
      this.#open.delete(call);
    }
  }

  async #send(call: OpenCall, connection: Connection, { endpoint, taken }: TakenOperation): Promise<void> {
    const paths = taken.slots.length === 0 ? [] : await this.#writeFiles(call, connection, { endpoint, taken });
    const sharesFiles = connection.files.areShared;
    const facts = { endpoint, callId: call.id, sharesFiles, wantsProgress: call.wantsProgress, trace: call.trace?.sent };
    const request = new WrittenRequest(facts, taken.json(paths));
    call.trace?.send(connection, call.id);
    const { cancelBudgetMs } = this.#options;
    const discard = (frame: Frame) => discardFrame(frame, connection.files);
    const hold = (frame: Frame) => holdFrame(frame, connection.files);
    call.send(connection, () => new Reply(connection.exchange, request, { cancelBudgetMs, discard, hold }));
  }

  async #writeFiles(call: OpenCall, connection: Connection, { endpoint, taken }: TakenOperation): Promise<readonly string[]> {
    try {
      const writing = writeFiles(taken.slots, call, { endpoint, files: connection.files });
      return (await (call.trace?.handOver(writing) ?? writing)).paths;
    } catch (error) {
      // A worker's folder goes with it. A call that may be sent again then is, with files for the next worker.
      if (!call.signal.aborted && isFileGone(error)) await connection.worker?.endedWithin(EXIT_PATIENCE_MS);
      if (call.signal.aborted || call.attempt?.connection === connection) throw error;
      return []; // It is not sent to this worker any more.
    }
  }

  async #next(call: OpenCall): Promise<Frame | undefined> {
    try {
      return await call.nextFrame();
    } catch (error) {
      if (call.signal.aborted || !isBroken(error)) throw error;
      const loss = await this.#lossOf(call);
      if (call.attempt === undefined) return undefined;
      throw loss ?? error;
    }
  }

  /** The end of the process says more than the broken connection. It is the call's error, or lets it be sent again. */
  async #lossOf(call: OpenCall): Promise<unknown> {
    await call.attempt?.connection.worker?.endedWithin(EXIT_PATIENCE_MS);
    return await call.loss;
  }

  /** The worker reported an error. One whose plugin has ended its own thread is of no use any more, and ends like any that dies. */
  async #failed(call: OpenCall, error: ErrorBody): Promise<void> {
    const cause = reportedError(error, call.name);
    if (error.code !== "plugin_exit") throw cause;
    const connection = call.attempt?.connection;
    if (connection === undefined) return; // It has ended meanwhile, and the call is sent again.
    if (connection.worker === undefined) throw cause;
    await this.supervisor.condemn(connection, { why: `its plugin cannot go on: ${error.message}`, cause, isCrash: true });
  }

  async #endStuckWorker(call: OpenCall, { connection }: Attempt): Promise<void> {
    const budget = this.#options.cancelBudgetMs ?? DEFAULT_CANCEL_BUDGET_MS;
    const why = `"${call.name.member}" had been cancelled and did not stop within ${budget} ms`;
    await this.supervisor.condemn(connection, { why, isCrash: false });
  }
}

/** Ends a call for a host that cleans up. The end of its worker, which came first, is what its caller is told. */
async function closeCall(call: OpenCall): Promise<void> {
  if (call.loss === undefined || await call.loss === undefined) call.abandon(cancelledError(call.name, "cleanup()"));
  await call.end();
}
