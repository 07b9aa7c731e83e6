/**
 * The workers of one plugin, one after the other: hands out the one that runs, and has another one started when it has ended.
 *
 * @module
 */
import { type PluginError, type ProtocolError, WorkerExitError } from "../errors.ts";
import type { RestartPolicy } from "../manifest/manifest.ts";
import type { OutputLog } from "../process/output_log.ts";
import type { WorkerExit } from "../process/running_child.ts";
import { pause } from "../protocol/timer.ts";
import { untilAborted } from "../protocol/until_aborted.ts";
import type { WorkerFiles } from "../payload/worker_files.ts";
import { breachError, howItEnded } from "./failures.ts";
import type { RestartEvent } from "./interface.ts";
import type { LoadedWorker, LossError, LossOptions, Termination, WorkerHandle } from "./loaded_worker.ts";
import { type Decision, Restarts } from "./restarts.ts";

/** What a plugin's workers depend on. */
export interface WorkersOptions {
  /** What is printed by all workers, one after the other. */
  readonly log: OutputLog;
  /** Whether a worker that ends by itself is followed by another one. */
  readonly restart: RestartPolicy;
  /** Starts a worker and brings it to where its predecessor was. `undefined` for a worker that something else runs. */
  readonly startNext?: (signal: AbortSignal) => Promise<LoadedWorker>;
  /** Told of each restart before it begins. */
  readonly onRestart?: (event: RestartEvent) => void;
}

/** An operation that wants a worker. */
interface Applicant {
  readonly name: { readonly member: string };
  /** Aborted when it wants none any more. */
  readonly signal: AbortSignal;
  /** Gives it the worker, whose end is the operation's from here on. */
  assign(worker: LoadedWorker): LoadedWorker;
}

type State =
  | { readonly kind: "up" }
  | { readonly kind: "changing"; readonly changed: PromiseWithResolvers<void> }
  | { readonly kind: "over"; readonly why: (member: string) => PluginError };

/** How a worker that something else runs ends for this host. */
const LET_GO: WorkerExit = { code: null, signal: null, outOfMemory: false };

/** The workers of a plugin, one after the other. */
export class Workers implements AsyncDisposable {
  readonly #options: WorkersOptions;
  readonly #restarts: Restarts;
  readonly #closing = new AbortController();
  readonly #ended = Promise.withResolvers<WorkerExit>();
  #current: LoadedWorker;
  #state: State = { kind: "up" };
  #changeOver: Promise<void> | undefined;
  #keepsHostAlive = false;
  /** The files of workers that have ended, of which somebody may hold some. */
  #outlived: WorkerFiles[] = [];

  /** Takes over a worker that runs. */
  constructor(first: LoadedWorker, options: WorkersOptions) {
    this.#options = options;
    this.#restarts = new Restarts(options.restart);
    this.#current = first;
    this.#adopt(first);
  }

  /** The worker that runs, or the last one that did. */
  get current(): LoadedWorker {
    return this.#current;
  }

  /** Whether no operation begins any more. */
  get isOver(): boolean {
    return this.#state.kind === "over";
  }

  /** How the last worker ended, once no other one follows. */
  get ended(): Promise<WorkerExit> {
    return this.#ended.promise;
  }

  /** What all workers print. */
  get log(): OutputLog {
    return this.#options.log;
  }

  /** Throws when no operation can begin any more. */
  check(member: string): void {
    if (this.#state.kind === "over") throw this.#state.why(member);
  }

  /** The worker that runs, whose end is the operation's from here on; waits for it while it is being started. */
  assign(call: Applicant): LoadedWorker | Promise<LoadedWorker> {
    if (this.#state.kind === "changing") return this.#assignLater(call);
    this.check(call.name.member);
    return call.assign(this.#current);
  }

  /** Waits while a worker is being started in the place of another one. */
  async settled(signal: AbortSignal): Promise<void> {
    while (this.#state.kind === "changing") await untilAborted(this.#state.changed.promise, signal);
  }

  async #assignLater(call: Applicant): Promise<LoadedWorker> {
    await this.settled(call.signal);
    return this.assign(call);
  }

  /** Keeps the host program alive until the last worker has ended. */
  ref(): void {
    this.#keepsHostAlive = true;
    this.#current.process?.ref();
  }

  /** Gives up a worker that has broken the protocol: ends it, or lets go of one that something else runs. Nothing is sent to it from now on. */
  async giveUp(worker: LoadedWorker, breach: ProtocolError): Promise<void> {
    if (worker !== this.#current || this.#state.kind !== "up") return;
    if (worker.process === undefined) return this.#letGo(worker, breach);
    this.#settle({ kind: "changing", changed: Promise.withResolvers() });
    await worker.terminate({ why: `it broke the protocol: ${breach.message}`, cause: breach, isCrash: true });
  }

  #letGo(worker: LoadedWorker, breach: ProtocolError): void {
    const { name: plugin } = worker.plugin;
    this.close((member) => breachError({ plugin, member }, breach));
    worker.abandonAll(([member = "call"]) => breachError({ plugin, member }, breach));
  }

  /** Lets no operation begin any more, for a reason that each of them gets; no worker is started from now on. */
  close(why: (member: string) => PluginError): void {
    if (this.#state.kind !== "over") this.#settle({ kind: "over", why });
    this.#closing.abort();
  }

  /** Ends the worker. {@linkcode close} comes first. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#changeOver;
    await this.#current[Symbol.asyncDispose]();
    await Promise.all([...this.#outlived, this.#current.files].map((files) => files.letGo()));
    this.#end(await this.#current.process?.exited ?? LET_GO);
  }

  #adopt(worker: LoadedWorker): void {
    this.#current = worker;
    if (this.#keepsHostAlive) worker.process?.ref();
    worker.process?.onEnd(() => this.#readOut(worker));
    void worker.exited?.then((exit) => this.#lost(worker, exit));
  }

  #readOut(worker: LoadedWorker): Promise<void> {
    worker.files.outlive();
    this.#outlived = [...this.#outlived.filter(({ areHeld }) => areHeld), worker.files];
    return worker.readOut();
  }

  #lost(worker: LoadedWorker, exit: WorkerExit): void {
    const decision = this.#state.kind === "over" ? undefined : this.#decide(exit, worker.termination);
    const changes = decision?.kind === "restart" && this.#options.startNext !== undefined;
    const error: LossError = (members) => worker.exitError(exit, members, { isReplaced: changes });
    if (decision === undefined) return void this.#tell(worker, error, { isFinal: true });
    if (changes) this.#settle({ kind: "changing", changed: Promise.withResolvers() });
    else this.#stayDown(decision, error([]));
    const told = this.#tell(worker, error, { isFinal: !changes });
    // Whoever hears of the end may clean up at once, which must not be what its calls are told.
    if (!changes) return void told.then(() => this.#end(exit));
    this.#changeOver = this.#startOver(error([]), decision.delayMs);
  }

  /** Tells the calls of a worker that has ended. What it holds would stay open for as long as its successors live. */
  async #tell(worker: LoadedWorker, error: LossError, how: LossOptions): Promise<void> {
    await worker.lose(error, how);
    void worker[Symbol.asyncDispose]();
  }

  /** A worker that this host has ended itself tells nothing by how it ended. */
  #decide(exit: WorkerExit, termination: Termination | undefined): Decision {
    if (termination === undefined) return this.#restarts.after(exit);
    return termination.isCrash ? this.#restarts.after() : { kind: "restart", delayMs: 0 };
  }

  async #startOver(lost: PluginError, delayMs: number): Promise<void> {
    for (let cause = lost, delay = delayMs;;) {
      this.#announce(cause, delay);
      try {
        await pause(delay, this.#closing.signal);
        return this.#take(await this.#options.startNext!(this.#closing.signal));
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        cause = error as PluginError;
      }
      const decision = this.#restarts.after();
      if (decision.kind !== "restart") {
        this.#stayDown(decision, cause);
        return this.#end(await this.#current.process!.exited);
      }
      delay = decision.delayMs;
    }
  }

  #take(worker: LoadedWorker): void {
    this.#adopt(worker);
    this.log.add("host", `The worker has been started again, as ${nameOf(worker.process!)}`);
    if (this.#state.kind === "changing") this.#settle({ kind: "up" });
  }

  #announce(cause: PluginError, delayMs: number): void {
    this.log.add("host", `The worker is started again in ${Math.round(delayMs)} ms. ${cause.message}`);
    const { onRestart } = this.#options;
    // One that throws is its program's error, and no reason to leave everybody without a worker.
    if (onRestart !== undefined) void Promise.resolve({ cause, delayMs }).then(onRestart);
  }

  #stayDown(decision: Decision, cause: PluginError): void {
    const plugin = this.#current.plugin.name;
    if (decision.kind === "breaker") return this.#settle({ kind: "over", why: (member) => breakerError(member, decision, cause) });
    if (cause instanceof WorkerExitError) return this.#settle({ kind: "over", why: () => cause });
    const message = (member: string) => `Cannot run "${member}" of "${plugin}": its worker could not be started again: ${cause.message}`;
    this.#settle({ kind: "over", why: (member) => new WorkerExitError(message(member), { plugin, cause }) });
  }

  #settle(state: State): void {
    const before = this.#state;
    this.#state = state;
    if (before.kind === "changing") before.changed.resolve();
  }

  #end(exit: WorkerExit): void {
    this.log.close();
    this.#ended.resolve(exit);
  }
}

function nameOf({ hello: { pid }, placement }: WorkerHandle): string {
  return placement === undefined ? `process ${pid}` : `job ${placement.job} on node ${placement.node}`;
}

function breakerError(member: string, { crashes, windowMs }: Decision & { kind: "breaker" }, cause: PluginError): WorkerExitError {
  const { plugin } = cause;
  const last = cause instanceof WorkerExitError ? `the last time with ${howItEnded(cause)}` : `the last time at its start`;
  const message = `Cannot run "${member}" of "${plugin}": its worker failed ${crashes} times within ${windowMs} ms, ${last}, ` +
    `and is not started again. Look at the cause, then start the plugin again`;
  const facts = cause instanceof WorkerExitError ? { exitCode: cause.exitCode, signal: cause.signal, output: cause.output } : {};
  return new WorkerExitError(message, { plugin, cause, ...facts });
}
