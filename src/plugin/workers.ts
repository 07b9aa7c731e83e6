/**
 * The workers of one plugin, one after the other: hands out the one that runs, and has another one started when it has ended.
 *
 * @module
 */
import { type PluginError, type ProtocolError, WorkerExitError } from "../errors.ts";
import type { RestartPolicy } from "../manifest/manifest.ts";
import type { OutputLog } from "../process/output_log.ts";
import type { WorkerExit } from "../process/worker_process.ts";
import { pause } from "../protocol/timer.ts";
import { untilAborted } from "../protocol/until_aborted.ts";
import type { WorkerFiles } from "../payload/worker_files.ts";
import type { Connection } from "./connection.ts";
import { breachError, type EndReason, exitError, howItEnded } from "./failures.ts";
import type { OpenCall } from "./open_call.ts";
import { type Decision, Restarts } from "./restarts.ts";
import type { RestartEvent } from "./interface.ts";

/** A worker that is gone. */
export interface Loss {
  readonly connection: Connection;
  /** The error for each of the calls that it ran, given their names. */
  readonly error: (calls: readonly string[]) => PluginError;
  /** Whether no other worker takes its place. */
  readonly isFinal: boolean;
  /** Whether it has ended. One that something else runs may go on, and is let go of. */
  readonly hasEnded: boolean;
}

/** What a supervisor depends on. */
export interface SupervisorOptions {
  /** What is printed by all workers, one after the other. */
  readonly log: OutputLog;
  /** Whether a worker that ends by itself is followed by another one. */
  readonly restart: RestartPolicy;
  /** Starts a worker and brings it to where its predecessor was. `undefined` for a worker that something else runs. */
  readonly startNext?: (signal: AbortSignal) => Promise<Connection>;
  /** Reads what a worker that has ended had sent. Its files are removed then. */
  readonly readOut: (connection: Connection) => Promise<void>;
  /** Told of each worker that is lost, before anything else happens. Resolves when nothing more is wanted of it. */
  readonly onLost: (loss: Loss) => Promise<void>;
  /** Told of each restart before it begins. */
  readonly onRestart?: (event: RestartEvent) => void;
}

/** Why this host ends a worker by itself. */
export interface Condemnation extends EndReason {
  /** Whether the worker is to blame, so that the policy decides on what follows. Otherwise another one takes its place at once. */
  readonly isCrash: boolean;
}

type State =
  | { readonly kind: "up" }
  | { readonly kind: "changing"; readonly changed: PromiseWithResolvers<void> }
  | { readonly kind: "over"; readonly why: (member: string) => PluginError };

/** How a worker that something else runs ends for this host. */
const LET_GO: WorkerExit = { code: null, signal: null, outOfMemory: false };

/** The succession of a plugin's workers. */
export class Supervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions;
  readonly #restarts: Restarts;
  readonly #closing = new AbortController();
  readonly #ended = Promise.withResolvers<WorkerExit>();
  #connection: Connection;
  #state: State = { kind: "up" };
  #condemnation: Condemnation | undefined;
  #changeOver: Promise<void> | undefined;
  #keepsHostAlive = false;
  /** The files of workers that have ended, of which somebody may hold some. */
  #outlived: WorkerFiles[] = [];

  /** Takes over a worker that runs. */
  constructor(first: Connection, options: SupervisorOptions) {
    this.#options = options;
    this.#restarts = new Restarts(options.restart);
    this.#connection = first;
    this.#adopt(first);
  }

  /** The worker that runs, or the last one that did. */
  get current(): Connection {
    return this.#connection;
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
  async prepare(call: Pick<OpenCall, "name" | "signal" | "prepare">): Promise<Connection> {
    while (this.#state.kind === "changing") await untilAborted(this.#state.changed.promise, call.signal);
    this.check(call.name.member);
    call.prepare(this.#connection);
    return this.#connection;
  }

  /** Keeps the host program alive until the last worker has ended. */
  ref(): void {
    this.#keepsHostAlive = true;
    this.#connection.worker?.ref();
  }

  /** Ends a worker that is of no use any more. Resolves when it has ended and its calls have been told. */
  async condemn(connection: Connection, condemnation: Condemnation): Promise<void> {
    if (connection.worker === undefined || connection !== this.#connection) return;
    this.#condemnation ??= condemnation;
    connection.files.outlive();
    await connection[Symbol.asyncDispose]();
  }

  /** Gives up a worker that has broken the protocol: ends it, or lets go of one that something else runs. Nothing is sent to it from now on. */
  async distrust(connection: Connection, breach: ProtocolError): Promise<void> {
    if (connection !== this.#connection || this.#state.kind !== "up") return;
    if (connection.worker === undefined) return this.#renounce(connection, breach);
    this.#settle({ kind: "changing", changed: Promise.withResolvers() });
    await this.condemn(connection, { why: `it broke the protocol: ${breach.message}`, cause: breach, isCrash: true });
  }

  #renounce(connection: Connection, breach: ProtocolError): void {
    const { name: plugin } = connection.plugin;
    this.close((member) => breachError({ plugin, member }, breach));
    const error = ([member = "call"]: readonly string[]) => breachError({ plugin, member }, breach);
    void this.#options.onLost({ connection, error, isFinal: true, hasEnded: false });
  }

  /** Lets no operation begin any more, for a reason that each of them gets; no worker is started from now on. */
  close(why: (member: string) => PluginError): void {
    if (this.#state.kind !== "over") this.#settle({ kind: "over", why });
    this.#closing.abort();
  }

  /** Ends the worker. {@linkcode close} comes first. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#changeOver;
    await this.#connection[Symbol.asyncDispose]();
    await Promise.all([...this.#outlived, this.#connection.files].map((files) => files.letGo()));
    this.#end(await this.#connection.worker?.exited ?? LET_GO);
  }

  #adopt(connection: Connection): void {
    this.#connection = connection;
    this.#condemnation = undefined;
    if (this.#keepsHostAlive) connection.worker?.ref();
    connection.worker?.onEnd(() => this.#readOut(connection));
    void connection.exited?.then((exit) => this.#lost(connection, exit));
  }

  #readOut(connection: Connection): Promise<void> {
    connection.files.outlive();
    this.#outlived = [...this.#outlived.filter(({ areHeld }) => areHeld), connection.files];
    return this.#options.readOut(connection);
  }

  #lost(connection: Connection, exit: WorkerExit): void {
    const reason = this.#condemnation;
    const plugin = connection.plugin.name;
    const output = connection.worker?.log.tail ?? "";
    const error = (calls: readonly string[]) => exitError(plugin, exit, { output, calls, reason });
    if (this.#state.kind === "over") return void this.#tell({ connection, error, isFinal: true });
    const decision = this.#decide(exit, reason);
    const changes = decision.kind === "restart" && this.#options.startNext !== undefined;
    if (changes) this.#settle({ kind: "changing", changed: Promise.withResolvers() });
    else this.#giveUp(decision, error([]));
    const told = this.#tell({ connection, error, isFinal: !changes });
    // Whoever hears of the end may clean up at once, which must not be what its calls are told.
    if (!changes) return void told.then(() => this.#end(exit));
    this.#changeOver = this.#startOver(error([]), decision.delayMs);
  }

  /** Tells the calls of a worker that has ended. What it holds would stay open for as long as its successors live. */
  async #tell(loss: Omit<Loss, "hasEnded">): Promise<void> {
    await this.#options.onLost({ ...loss, hasEnded: true });
    void loss.connection[Symbol.asyncDispose]();
  }

  /** A worker that this host has ended itself tells nothing by how it ended. */
  #decide(exit: WorkerExit, reason: Condemnation | undefined): Decision {
    if (reason === undefined) return this.#restarts.after(exit);
    return reason.isCrash ? this.#restarts.after() : { kind: "restart", delayMs: 0 };
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
        this.#giveUp(decision, cause);
        return this.#end(await this.#connection.worker!.exited);
      }
      delay = decision.delayMs;
    }
  }

  #take(connection: Connection): void {
    this.#adopt(connection);
    this.log.add("host", `The worker has been started again, as process ${connection.worker?.hello.pid}`);
    if (this.#state.kind === "changing") this.#settle({ kind: "up" });
  }

  #announce(cause: PluginError, delayMs: number): void {
    this.log.add("host", `The worker is started again in ${Math.round(delayMs)} ms. ${cause.message}`);
    const { onRestart } = this.#options;
    // One that throws is its program's error, and no reason to leave everybody without a worker.
    if (onRestart !== undefined) void Promise.resolve({ cause, delayMs }).then(onRestart);
  }

  #giveUp(decision: Decision, cause: PluginError): void {
    const plugin = this.#connection.plugin.name;
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

function breakerError(member: string, { crashes, windowMs }: Decision & { kind: "breaker" }, cause: PluginError): WorkerExitError {
  const { plugin } = cause;
  const last = cause instanceof WorkerExitError ? `the last time with ${howItEnded(cause)}` : `the last time at its start`;
  const message = `Cannot run "${member}" of "${plugin}": its worker failed ${crashes} times within ${windowMs} ms, ${last}, ` +
    `and is not started again. Look at the cause, then start the plugin again`;
  const facts = cause instanceof WorkerExitError ? { exitCode: cause.exitCode, signal: cause.signal, output: cause.output } : {};
  return new WorkerExitError(message, { plugin, cause, ...facts });
}
