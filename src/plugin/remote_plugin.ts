/**
 * A plugin in an isolated worker: what both proxies and the manager run its members on.
 *
 * @module
 */
import { WorkerStartError } from "../errors.ts";
import type { PermissionSet } from "../protocol/messages.ts";
import { loadManifest, type ManifestSource, restartPolicy } from "../manifest/load.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import type { LaunchOptions, WorkerExit } from "../process/worker_process.ts";
import { type LogRecord, OutputLog } from "../process/output_log.ts";
import type { HttpEndpoint } from "../transport/http.ts";
import {
  type AttachOptions,
  attachWorker,
  type Connection,
  endpointOf,
  startWorker,
  type WireOptions,
  type WorkerEndpoint,
} from "./connection.ts";
import { type Operation, Operations } from "./operations.ts";
import { durationComplaint } from "./limits.ts";
import { TakenBody } from "./taken_body.ts";
import { Tracing } from "./tracing.ts";
import type { CallOptions, OperationOptions, PluginConfig, RestartEvent } from "./interface.ts";
import { type Answer, MEMBERS, operationOf, type Question, questionAt } from "./members.ts";

/** What `RemotePluginProxy.start()` takes besides the manifest. */
export interface StartOptions extends LaunchOptions, WireOptions {
  /** Aborting it gives up the start, which then rejects with the signal's reason and leaves nothing. */
  readonly signal?: AbortSignal;
  /**
   * How long the worker may take to answer that a call is cancelled, and how long the call may take to end then, in milliseconds. After that the worker is
   * ended, and another one takes its place. Default: 2,000.
   */
  readonly cancelBudgetMs?: number;
  /** Called before a worker is started in the place of one that has ended. */
  readonly onRestart?: (event: RestartEvent) => void;
  /** Called once when the worker has ended and no other one takes its place. Other than awaiting `exited`, it does not keep the host program alive. */
  readonly onExit?: (exit: WorkerExit) => void;
}

/** What a proxy needs besides its first worker. */
interface Succession extends Pick<StartOptions, "cancelBudgetMs" | "onRestart"> {
  readonly log: OutputLog;
  readonly spec?: PluginSpec;
  /** Starts another worker; `undefined` for one that something else runs. */
  readonly startWorker?: (signal: AbortSignal) => Promise<Connection>;
  /** Told of each call and start, when anybody traces them. */
  readonly tracing: Tracing | undefined;
}

/** How long `cleanup()` gives the plugin to clean up before its worker is ended, in milliseconds. */
const CLEANUP_BUDGET_MS = 2_000;

/** How long `isAlive()` waits for an answer, in milliseconds. */
const ALIVE_BUDGET_MS = 2_000;

/** A plugin in a worker, and the configuration that each of its workers is given. Disposing it ends the worker. */
export class RemotePlugin implements AsyncDisposable {
  readonly #operations: Operations;
  /** What a worker that takes the place of another one is initialized with. */
  #initialized: { readonly body: TakenBody; readonly options: OperationOptions } | undefined;
  #cleanup: Promise<void> | undefined;
  /** What looks wrong in the manifest and does no harm: an unknown key with its nearest known one, a program that is nowhere to be found. */
  readonly warnings: readonly string[];

  private constructor(connection: Connection, { log, spec, startWorker, cancelBudgetMs, onRestart, tracing }: Succession) {
    const next = startWorker && ((signal: AbortSignal) => this.#startNext(startWorker, signal));
    this.#operations = new Operations(connection, {
      log,
      restart: spec?.restart ?? restartPolicy("never"),
      startNext: next && ((signal) => tracing?.start(() => next(signal), { plugin: this.name, isRestart: true }) ?? next(signal)),
      tracing,
      onRestart,
      cancelBudgetMs,
      idleTimeoutMs: spec?.idleTimeoutMs,
    });
    this.warnings = [...spec?.warnings ?? [], ...connection.warnings ?? []];
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
    if (options.onExit !== undefined) void plugin.#operations.supervisor.ended.then(options.onExit);
    return plugin;
  }

  /** Connects to a worker that something else runs. */
  static async attach(endpoint: WorkerEndpoint, options: AttachOptions = {}): Promise<RemotePlugin> {
    const connection = await attachWorker(endpoint, options);
    return new RemotePlugin(connection, { log: new OutputLog(), tracing: Tracing.find() });
  }

  /** The plugin's name, as it says itself. */
  get name(): string {
    return this.#operations.supervisor.current.plugin.name;
  }

  /** The plugin's version, as it says itself. */
  get version(): string {
    return this.#operations.supervisor.current.plugin.version;
  }

  /** The process in which the plugin runs; `undefined` for one that was attached. */
  get pid(): number | undefined {
    return this.#operations.supervisor.current.worker?.hello.pid;
  }

  /** What a Deno plugin was given of what its manifest asks for; `undefined` for Python, which the system's own rights bound. */
  get permissions(): PermissionSet | undefined {
    return this.#operations.supervisor.current.worker?.permissions;
  }

  /** Where the worker listens and its token, for another program to `attach()` with; `undefined` for one that was attached itself. */
  get endpoint(): HttpEndpoint & Pick<WorkerEndpoint, "scratch"> | undefined {
    const { worker } = this.#operations.supervisor.current;
    return worker === undefined ? undefined : endpointOf(worker);
  }

  /** How many calls the plugin runs at once; the others wait in order. */
  get maxConcurrency(): number {
    return this.#operations.supervisor.current.maxConcurrency;
  }

  /** How the worker ended, once it has and no other one takes its place. For one that was attached: when `cleanup()` was called. */
  get exited(): Promise<WorkerExit> {
    this.#operations.supervisor.ref();
    return this.#operations.supervisor.ended;
  }

  /** What the worker prints, line by line, and those that come after it; nothing for one that was attached. */
  get logs(): AsyncIterable<LogRecord> {
    this.#operations.supervisor.ref();
    return this.#operations.supervisor.current.worker === undefined ? noRecords() : this.#operations.supervisor.log;
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
        return this.#operations.cancel(options);
      case "health":
        return this.isAlive();
      case "cleanup":
        return this.cleanup();
      default:
        return this.#answer(operation, options);
    }
  }

  /** Runs a call that yields, and gives its result in the end. What it is called with is taken at once. */
  stream(operation: Operation, options: CallOptions): AsyncGenerator<unknown, unknown, void> {
    return this.#operations.stream(operation, options);
  }

  /** Asks a question. */
  ask<Name extends Question>(member: Name, options: OperationOptions): Promise<Answer<Name>> {
    return this.#answer(operationOf(member), options) as Promise<Answer<Name>>;
  }

  /** Whether the worker answers. */
  async isAlive(): Promise<boolean> {
    try {
      await this.#operations.ask(operationOf("isAlive"), { timeoutMs: ALIVE_BUDGET_MS });
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
    return isWorkers ? this.#operations.ask(operation, options) : this.#operations.run(operation, options);
  }

  async #initialize(operation: Operation, options: OperationOptions): Promise<void> {
    using untilKept = new DisposableStack();
    const body = untilKept.use(this.#take(operation));
    await this.#operations.run({ ...operation, body }, options);
    untilKept.move();
    this.#keep(body, options);
  }

  async #reconfigure(operation: Operation, options: OperationOptions): Promise<void> {
    using given = this.#take(operation);
    const { new_config } = given.values()!;
    const old_config = this.#initialized?.body.values() ?? {};
    using body = this.#take({ ...operation, body: { old_config, new_config } });
    const { status } = await this.#operations.ask<{ status: string }>({ ...operation, body }, options);
    const next = operationOf("initialize", body.values()!.new_config as PluginConfig);
    if (status === "not_supported") return await this.#initialize(next, options);
    this.#keep(this.#take(next), options);
  }

  async #prefetch(options: OperationOptions): Promise<boolean> {
    const { status } = await this.#operations.ask<{ status: string }>(operationOf("prefetch", {}), options);
    return status === "prefetched";
  }

  /** A configuration is taken when it is given, for all workers to come. */
  #take(operation: Operation): TakenBody {
    this.#operations.supervisor.check(operation.member);
    return TakenBody.of(operation, this.name);
  }

  #keep(body: TakenBody, options: OperationOptions): void {
    this.#initialized?.body[Symbol.dispose]();
    this.#initialized = { body, options };
  }

  async #end(): Promise<void> {
    this.#operations.supervisor.ref();
    await this.#operations.close();
    if (this.#operations.supervisor.current.worker !== undefined) await this.#operations.cleanUpPlugin(CLEANUP_BUDGET_MS);
    await this.#operations.supervisor[Symbol.asyncDispose]();
    this.#initialized?.body[Symbol.dispose]();
  }

  /** A worker that takes another's place is given the configuration that the other one had. */
  async #startNext(startWorker: (signal: AbortSignal) => Promise<Connection>, signal: AbortSignal): Promise<Connection> {
    await using cleanup = new AsyncDisposableStack();
    const connection = cleanup.use(await startWorker(signal));
    if (this.#initialized !== undefined) {
      const { body, options: { timeoutMs, idleTimeoutMs } } = this.#initialized;
      await this.#operations.runOn(connection, { ...operationOf("initialize"), body }, { timeoutMs, idleTimeoutMs, signal });
    }
    cleanup.move();
    return connection;
  }
}

async function* noRecords(): AsyncGenerator<LogRecord, void, void> {}

function checkBudget({ name: plugin }: PluginSpec, { cancelBudgetMs }: StartOptions): void {
  const complaint = durationComplaint("cancelBudgetMs", cancelBudgetMs);
  if (complaint !== undefined) throw new WorkerStartError(`Cannot start "${plugin}": ${complaint}`, { plugin, phase: "spawn" });
}
