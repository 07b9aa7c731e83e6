/**
 * A plugin in an isolated worker: what both proxies and the manager run its members on.
 *
 * @module
 */
import { WorkerStartError } from "../errors.ts";
import type { PermissionSet } from "../protocol/messages.ts";
import { loadManifest, type ManifestSource, restartPolicy } from "../manifest/load.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import type { WorkerExit } from "../process/worker_process.ts";
import { type LogRecord, OutputLog } from "../process/output_log.ts";
import { type Operation, TakenBody } from "./arguments.ts";
import { Dispatch } from "./dispatch.ts";
import { durationComplaint } from "./limits.ts";
import type { LoadedWorker } from "./loaded_worker.ts";
import { sourcesOf } from "./sources.ts";
import { attachWorker, endpointOf, startWorker } from "./start_worker.ts";
import { Tracing } from "./tracing.ts";
import type {
  AttachOptions,
  CallOptions,
  OperationOptions,
  PluginConfig,
  StartOptions,
  WorkerAddress,
  WorkerEndpoint,
} from "./interface.ts";
import { type Answer, MEMBERS, operationOf, type Question, questionAt } from "./members.ts";

/** What a proxy needs besides its first worker. */
interface PluginParts extends Pick<StartOptions, "cancelBudgetMs" | "onRestart"> {
  readonly log: OutputLog;
  readonly spec?: PluginSpec;
  /** Starts another worker; `undefined` for one that something else runs. */
  readonly startWorker?: (signal: AbortSignal) => Promise<LoadedWorker>;
  /** Told of each call and start, when anybody traces them. */
  readonly tracing: Tracing | undefined;
}

/** How long `cleanup()` gives the plugin to clean up before its worker is ended, in milliseconds. */
const CLEANUP_BUDGET_MS = 2_000;

/** How long `isAlive()` waits for an answer, in milliseconds. */
const ALIVE_BUDGET_MS = 2_000;

/** A plugin in a worker, and the configuration that each of its workers is given. Disposing it ends the worker. */
export class RemotePlugin implements AsyncDisposable {
  readonly #dispatch: Dispatch;
  readonly #spec: PluginSpec | undefined;
  /** What a worker that takes the place of another one is initialized with. */
  #initialized: { readonly body: TakenBody; readonly options: OperationOptions } | undefined;
  #cleanup: Promise<void> | undefined;
  /** What looks wrong in the manifest and does no harm: an unknown key with its nearest known one, a program that is nowhere to be found. */
  readonly warnings: readonly string[];

  private constructor(first: LoadedWorker, { log, spec, startWorker, cancelBudgetMs, onRestart, tracing }: PluginParts) {
    const next = startWorker && ((signal: AbortSignal) => this.#startNext(startWorker, signal));
    this.#dispatch = new Dispatch(first, {
      log,
      restart: spec?.restart ?? restartPolicy("never"),
      startNext: next && ((signal) => tracing?.start(() => next(signal), { plugin: this.name, isRestart: true }) ?? next(signal)),
      tracing,
      onRestart,
      cancelBudgetMs,
      idleTimeoutMs: spec?.idleTimeoutMs,
    });
    this.#spec = spec;
    this.warnings = [...spec?.warnings ?? [], ...first.warnings];
  }

  /** Starts the plugin's worker and waits until the plugin is loaded. */
  static async start(manifest: ManifestSource, options: StartOptions = {}): Promise<RemotePlugin> {
    options.signal?.throwIfAborted();
    const spec = await loadManifest(manifest);
    checkBudget(spec, options);
    const log = new OutputLog();
    const start = (signal?: AbortSignal) => startWorker(spec, options, { signal, log });
    const tracing = Tracing.find();
    const launch = () => start(options.signal);
    const first = await (tracing?.start(launch, { plugin: spec.name, isRestart: false }) ?? launch());
    const plugin = new RemotePlugin(first, { log, spec, startWorker: start, ...options, tracing });
    if (options.onExit !== undefined) void plugin.#dispatch.workers.ended.then(options.onExit);
    return plugin;
  }

  /** Connects to a worker that something else runs. */
  static async attach(endpoint: WorkerEndpoint, options: AttachOptions = {}): Promise<RemotePlugin> {
    const worker = await attachWorker(endpoint, options);
    return new RemotePlugin(worker, { log: worker.callLog ?? new OutputLog(), tracing: Tracing.find() });
  }

  /** The plugin's name, as it says itself. */
  get name(): string {
    return this.#dispatch.workers.current.plugin.name;
  }

  /** The plugin's version, as it says itself. */
  get version(): string {
    return this.#dispatch.workers.current.plugin.version;
  }

  /** The process in which the plugin runs; `undefined` for one that was attached. */
  get pid(): number | undefined {
    return this.#dispatch.workers.current.process?.hello.pid;
  }

  /**
   * What the plugin was given of what its manifest asks for; `undefined` for a Python plugin that is not bounded, and so may do whatever its user may, and for
   * one that was attached.
   */
  get permissions(): PermissionSet | undefined {
    return this.#dispatch.workers.current.process?.permissions;
  }

  /** Where the worker listens and its token, for another program to `attach()` with; `undefined` for one that was attached itself. */
  get endpoint(): WorkerAddress | undefined {
    const { process } = this.#dispatch.workers.current;
    return process === undefined ? undefined : endpointOf(process);
  }

  /** How many calls the plugin runs at once; the others wait in order. */
  get maxConcurrency(): number {
    return this.#dispatch.workers.current.maxConcurrency;
  }

  /** Whether no operation begins any more: the worker has ended, though its end may not have been told yet, and no other one takes its place. */
  get isOver(): boolean {
    return this.#dispatch.workers.isOver;
  }

  /** How the worker ended, once it has and no other one takes its place. For one that was attached: when `cleanup()` was called. */
  get exited(): Promise<WorkerExit> {
    this.#dispatch.workers.ref();
    return this.#dispatch.workers.ended;
  }

  /**
   * What the worker prints, line by line, and those that come after it. For one that was attached through a gateway: what the calls of this proxy print that
   * begin while somebody reads this. For one that was attached to a worker: nothing.
   */
  get logs(): AsyncIterable<LogRecord> {
    this.#dispatch.workers.ref();
    const { current: { process, callLog }, log } = this.#dispatch.workers;
    return process === undefined && callLog === undefined ? noRecords() : log;
  }

  /** Runs what a member asks for, and gives what the member gives. */
  run(operation: Operation, options: OperationOptions): Promise<unknown> {
    switch (operation.endpoint) {
      case "initialize":
        return this.#initialize(operation, options);
      case "reconfigure":
        return this.#reconfigure(operation, options);
      case "prefetch":
        return this.#prefetch(options);
      case "cancel":
        return this.#dispatch.cancel(options);
      case "health":
        return this.isAlive();
      case "cleanup":
        return this.cleanup();
      default:
        return this.#answer(operation, options);
    }
  }

  /** Cancels what the worker runs, and all that waits for it. False when there was nothing. */
  cancelAll(options: OperationOptions): Promise<boolean> {
    return this.#dispatch.cancelAll(options);
  }

  /** Runs a call that yields, and gives its result in the end. What it is called with is taken at once. */
  stream(operation: Operation, options: CallOptions): AsyncGenerator<unknown, unknown, void> {
    return this.#dispatch.stream(operation, options);
  }

  /** Asks a question. */
  ask<Name extends Question>(member: Name, options: OperationOptions): Promise<Answer<Name>> {
    return this.#answer(operationOf(member), options) as Promise<Answer<Name>>;
  }

  /** The files of the plugin's own code, as far as anybody can tell: none of one that something else runs. */
  async sources(signal: AbortSignal): Promise<readonly string[]> {
    return this.#spec === undefined ? [] : await sourcesOf(this.#spec, this.#dispatch.workers.current, signal);
  }

  /** Waits while a worker is being started in the place of another one. */
  settled(signal: AbortSignal): Promise<void> {
    return this.#dispatch.workers.settled(signal);
  }

  /** Ends the worker as if it had crashed. False where it is not this host's to end. */
  async crash(why: string): Promise<boolean> {
    const worker = this.#dispatch.workers.current;
    await worker.terminate({ why, isCrash: true });
    return worker.process !== undefined;
  }

  /** Whether the worker answers. */
  async isAlive(): Promise<boolean> {
    try {
      await this.#dispatch.ask(operationOf("isAlive"), { timeoutMs: ALIVE_BUDGET_MS });
      return true;
    } catch {
      return false;
    }
  }

  /** Lets the plugin go, and its worker when this host has started it. What is open is cancelled. Calling it again is harmless. */
  cleanup(): Promise<void> {
    return this.#cleanup ??= this.#end();
  }

  /** The same as `cleanup()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.cleanup();
  }

  #answer(operation: Operation, options: OperationOptions): Promise<unknown> {
    const question = questionAt(operation.endpoint);
    const isWorkers = question !== undefined && MEMBERS[question].asks === "worker";
    return isWorkers ? this.#dispatch.ask(operation, options) : this.#dispatch.run(operation, options);
  }

  async #initialize(operation: Operation, options: OperationOptions): Promise<void> {
    using untilKept = new DisposableStack();
    const body = untilKept.use(this.#take(operation));
    await this.#dispatch.run({ ...operation, body }, options);
    untilKept.move();
    this.#keep(body, options);
  }

  async #reconfigure(operation: Operation, options: OperationOptions): Promise<void> {
    using given = this.#take(operation);
    const { new_config } = given.values()!;
    const old_config = this.#initialized?.body.values() ?? {};
    using body = this.#take({ ...operation, body: { old_config, new_config } });
    const { status } = await this.#dispatch.ask<{ status: string }>({ ...operation, body }, options);
    const next = operationOf("initialize", body.values()!.new_config as PluginConfig);
    if (status === "not_supported") return await this.#initialize(next, options);
    this.#keep(this.#take(next), options);
  }

  async #prefetch(options: OperationOptions): Promise<boolean> {
    const { status } = await this.#dispatch.ask<{ status: string }>(operationOf("prefetch", {}), options);
    return status === "prefetched";
  }

  /** A configuration is taken when it is given, for all workers to come. */
  #take(operation: Operation): TakenBody {
    this.#dispatch.workers.check(operation.member);
    return TakenBody.of(operation, this.name);
  }

  #keep(body: TakenBody, options: OperationOptions): void {
    this.#initialized?.body[Symbol.dispose]();
    this.#initialized = { body, options };
  }

  async #end(): Promise<void> {
    this.#dispatch.workers.ref();
    await this.#dispatch.close();
    if (this.#dispatch.workers.current.process !== undefined) await this.#dispatch.cleanUpPlugin(CLEANUP_BUDGET_MS);
    await this.#dispatch.workers[Symbol.asyncDispose]();
    this.#initialized?.body[Symbol.dispose]();
  }

  /** A worker that takes another's place is given the configuration that the other one had. */
  async #startNext(startWorker: (signal: AbortSignal) => Promise<LoadedWorker>, signal: AbortSignal): Promise<LoadedWorker> {
    await using cleanup = new AsyncDisposableStack();
    const worker = cleanup.use(await startWorker(signal));
    if (this.#initialized !== undefined) {
      const { body, options: { timeoutMs, idleTimeoutMs } } = this.#initialized;
      await this.#dispatch.runOn(worker, { ...operationOf("initialize"), body }, { timeoutMs, idleTimeoutMs, signal });
    }
    cleanup.move();
    return worker;
  }
}

async function* noRecords(): AsyncGenerator<LogRecord, void, void> {}

function checkBudget({ name: plugin }: PluginSpec, { cancelBudgetMs }: StartOptions): void {
  const complaint = durationComplaint("cancelBudgetMs", cancelBudgetMs);
  if (complaint !== undefined) throw new WorkerStartError(`Cannot start "${plugin}": ${complaint}`, { plugin, phase: "spawn" });
}
