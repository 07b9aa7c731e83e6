/**
 * A plugin in an isolated worker, called as if it were local.
 *
 * @module
 */
import { WorkerStartError } from "../errors.ts";
import { endpointRule, type ExtensionEndpoint } from "../protocol/endpoints.ts";
import type { PermissionSet, SignaturesBody, StatsBody } from "../protocol/messages.ts";
import { loadManifest, type ManifestSource, restartPolicy } from "../manifest/load.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import type { LaunchOptions, WorkerExit } from "../process/worker_process.ts";
import { type LogRecord, OutputLog } from "../process/output_log.ts";
import type { HttpEndpoint } from "../transport/http.ts";
import { type Operation, TakenBody } from "./arguments.ts";
import { Dispatch } from "./dispatch.ts";
import { durationComplaint } from "./limits.ts";
import type { LoadedWorker } from "./loaded_worker.ts";
import { type AttachOptions, attachWorker, endpointOf, startWorker, type WireOptions, type WorkerEndpoint } from "./start_worker.ts";
import { Tracing } from "./tracing.ts";
import type { CallOptions, Kwargs, OperationOptions, PluginConfig, PluginInterface, Progress, RestartEvent } from "./interface.ts";

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
  readonly startWorker?: (signal: AbortSignal) => Promise<LoadedWorker>;
  /** Told of each call and start, when anybody traces them. */
  readonly tracing: Tracing | undefined;
}

/** How long `cleanup()` gives the plugin to clean up before its worker is ended, in milliseconds. */
const CLEANUP_BUDGET_MS = 2_000;

/** How long `isAlive()` waits for an answer, in milliseconds. */
const ALIVE_BUDGET_MS = 2_000;

/**
 * A plugin in an isolated worker process. `await using` ends the worker, whatever happens.
 *
 * @example
 * ```ts no-eval
 * import { RemotePluginProxy } from "@remote-plugin/proxy";
 *
 * await using plugin = await RemotePluginProxy.start("./whisper.json");
 * await plugin.initialize({ model: "large-v3" });
 * for await (const segment of plugin.executeStream({ audio: "/tmp/talk.wav" })) console.log(segment);
 * ```
 */
export class RemotePluginProxy implements PluginInterface {
  readonly #dispatch: Dispatch;
  /** What a worker that takes the place of another one is initialized with. */
  #initialized: { readonly body: TakenBody; readonly options: OperationOptions } | undefined;
  #cleanup: Promise<void> | undefined;
  /** What looks wrong in the manifest and does no harm: an unknown key with its nearest known one, a program that is nowhere to be found. */
  readonly warnings: readonly string[];

  private constructor(first: LoadedWorker, { log, spec, startWorker, cancelBudgetMs, onRestart, tracing }: Succession) {
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
    this.warnings = [...spec?.warnings ?? [], ...first.warnings];
  }

  /**
   * Starts a plugin's worker and waits until the plugin is loaded.
   *
   * @param manifest A manifest's path or URL, or the manifest itself.
   * @throws {ManifestError} When the manifest cannot be used.
   * @throws {PermissionDeniedError} When the host lacks a permission; it lists the flags to add.
   * @throws {WorkerStartError} When the worker does not start or the plugin cannot be loaded.
   */
  static async start(manifest: ManifestSource, options: StartOptions = {}): Promise<RemotePluginProxy> {
    options.signal?.throwIfAborted();
    const spec = await loadManifest(manifest);
    checkBudget(spec, options);
    const log = new OutputLog();
    const start = (signal?: AbortSignal) => startWorker(spec, options, { signal, log });
    const tracing = Tracing.find();
    const launch = () => start(options.signal);
    const first = await (tracing?.start(launch, { plugin: spec.name, isRestart: false }) ?? launch());
    const plugin = new RemotePluginProxy(first, { log, spec, startWorker: start, ...options, tracing });
    if (options.onExit !== undefined) void plugin.#dispatch.workers.ended.then(options.onExit);
    return plugin;
  }

  /**
   * Connects to a worker that something else runs. It needs net permission alone, and works where no process can be started. `cleanup()` then
   * lets go of the connection and leaves the worker as it is.
   *
   * @param endpoint Where the worker listens, `http://127.0.0.1:49152` or `unix:/path`, and its token.
   * @throws {ProtocolError} When no worker answers there.
   */
  static async attach(endpoint: WorkerEndpoint, options: AttachOptions = {}): Promise<RemotePluginProxy> {
    const worker = await attachWorker(endpoint, options);
    return new RemotePluginProxy(worker, { log: new OutputLog(), tracing: Tracing.find() });
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

  /** What a Deno plugin was given of what its manifest asks for; `undefined` for Python, which the system's own rights bound. */
  get permissions(): PermissionSet | undefined {
    return this.#dispatch.workers.current.process?.permissions;
  }

  /** Where the worker listens and its token, for another program to `attach()` with; `undefined` for one that was attached itself. */
  get endpoint(): HttpEndpoint & Pick<WorkerEndpoint, "scratch"> | undefined {
    const { process } = this.#dispatch.workers.current;
    return process === undefined ? undefined : endpointOf(process);
  }

  /** How many calls the plugin runs at once; the others wait in order. */
  get maxConcurrency(): number {
    return this.#dispatch.workers.current.maxConcurrency;
  }

  /** How the worker ended, once it has and no other one takes its place. For one that was attached: when `cleanup()` was called. */
  get exited(): Promise<WorkerExit> {
    this.#dispatch.workers.ref();
    return this.#dispatch.workers.ended;
  }

  /** What the worker prints, line by line, and those that come after it; nothing for one that was attached. */
  get logs(): AsyncIterable<LogRecord> {
    this.#dispatch.workers.ref();
    return this.#dispatch.workers.current.process === undefined ? noRecords() : this.#dispatch.workers.log;
  }

  /** Gives the plugin its configuration. Optional: a plugin that needs it says so by its own error. A worker that is started again gets it as well. */
  async initialize(config: PluginConfig = {}, options: OperationOptions = {}): Promise<void> {
    using untilKept = new DisposableStack();
    const body = untilKept.use(this.#take({ endpoint: "initialize", member: "initialize", body: config }));
    await this.#dispatch.run({ endpoint: "initialize", member: "initialize", body }, options);
    untilKept.move();
    this.#keep(body, options);
  }

  /**
   * Calls the plugin and waits for its result. Calls past the manifest's `max_concurrency` wait their turn in order.
   *
   * @param kwargs Keyword arguments, for a Deno plugin its one argument. JSON, NaN and the infinities besides; and, for each of which
   * the plugin gets the path of a file: any object with `toTempFile`, bytes, typed arrays, blobs, streams of bytes, and `file:` URLs.
   * What the plugin gives as bytes, as an array of numbers or as a file is a {@linkcode FileResult}, which may be given to another plugin. All is taken at once, so
   * that it may be changed while the call waits, but for bytes beyond 1 MiB: leave those alone until the call settles.
   * @throws {RemoteError} When plugin code raises.
   * @throws {CallError} When the arguments cannot be sent, the call takes longer than `timeoutMs`, or it is cancelled.
   * @throws {WorkerExitError} When the worker ends first.
   * @throws The signal's reason, when the caller aborts it.
   */
  async execute<Result = unknown>(kwargs: Kwargs = {}, { args = [], ...options }: CallOptions = {}): Promise<Result> {
    return await this.#dispatch.run({ endpoint: "execute", member: "execute", body: { args, kwargs } }, options) as Result;
  }

  /** Calls the plugin and yields what it produces, as it is produced. Leaving the loop cancels the call. Errors are those of `execute`. */
  executeStream<Chunk = unknown>(kwargs: Kwargs = {}, { args = [], ...options }: CallOptions = {}): AsyncGenerator<Chunk, void, void> {
    const operation = { endpoint: "execute_stream", member: "executeStream", body: { args, kwargs } } as const;
    return this.#dispatch.stream(operation, options) as AsyncGenerator<Chunk, void, void>;
  }

  /** The JSON Schema of the configuration; `{}` when the plugin has none. */
  async getConfigSchema(options: OperationOptions = {}): Promise<Record<string, unknown>> {
    return await this.#dispatch.run({ endpoint: "config_schema", member: "getConfigSchema" }, options) as Record<string, unknown>;
  }

  /** The configuration as the plugin has it now; `{}` when it tells none. */
  async getCurrentConfig(options: OperationOptions = {}): Promise<Record<string, unknown>> {
    return await this.#dispatch.run({ endpoint: "config", member: "getCurrentConfig" }, options) as Record<string, unknown>;
  }

  /**
   * What the plugin's methods take and give, in JSON Schema: of a Python plugin its signatures and docstrings, of a Deno plugin the schemas that it
   * declares.
   *
   * @throws {CallError} With the code `not_supported` when the worker is older than this, or one of the original's.
   */
  async getSignatures(options: OperationOptions = {}): Promise<SignaturesBody> {
    return await this.#query({ endpoint: "signatures", member: "getSignatures" }, options);
  }

  /** What the worker uses: processor, memory, calls. */
  async getStats(options: OperationOptions = {}): Promise<StatsBody> {
    return await this.#query({ endpoint: "stats", member: "getStats" }, options);
  }

  /** How far the call that started last has come. */
  async getProgress(options: OperationOptions = {}): Promise<Progress> {
    return await this.#query({ endpoint: "progress", member: "getProgress" }, options);
  }

  /**
   * Asks for what not every worker has: the endpoints that later releases of `cjm-plugin-system` and `cjm-substrate` added. Their names and bodies
   * are in section 9 of `docs/protocol.md`.
   *
   * @param endpoint For example `task`, with a body of `{ task, method, kwargs }`.
   * @throws {CallError} With the code `not_supported` when the worker or its plugin has no such thing.
   *
   * @example
   * ```ts no-eval
   * import { RemotePluginProxy } from "@remote-plugin/proxy";
   *
   * await using plugin = await RemotePluginProxy.start("./.cjm/manifests/cjm-capability-pysbd.json");
   * const body = { task: "sentence_segmentation", method: "segment_text", kwargs: { text: "One. Two." } };
   * console.log(await plugin.extension("task", body));
   * ```
   */
  async extension<Result = unknown>(
    endpoint: ExtensionEndpoint,
    body?: Readonly<Record<string, unknown>>,
    options: OperationOptions = {},
  ): Promise<Result> {
    const taken = endpointRule(endpoint).method === "GET" ? undefined : body;
    return await this.#dispatch.run({ endpoint, member: `extension("${endpoint}")`, body: taken }, options) as Result;
  }

  /** Whether the worker answers. False after `cleanup()`, and when no answer comes within two seconds. */
  async isAlive(): Promise<boolean> {
    try {
      await this.#query({ endpoint: "health", member: "isAlive" }, { timeoutMs: ALIVE_BUDGET_MS });
      return true;
    } catch {
      return false;
    }
  }

  /** Cancels every call that runs or waits in the worker. False when there was none. */
  async cancel(options: OperationOptions = {}): Promise<boolean> {
    return await this.#dispatch.cancel(options);
  }

  /** Lets the plugin download or load ahead of the first call. False when it has nothing to prefetch. */
  async prefetch(options: OperationOptions = {}): Promise<boolean> {
    const { status } = await this.#query<{ status: string }>({ endpoint: "prefetch", member: "prefetch", body: {} }, options);
    return status === "prefetched";
  }

  /** Gives a plugin that is initialized another configuration. One without a `reconfigure` of its own is initialized again. */
  async reconfigure(config: PluginConfig, options: OperationOptions = {}): Promise<void> {
    const configs = { old_config: this.#initialized?.body.values() ?? {}, new_config: config };
    using body = this.#take({ endpoint: "reconfigure", member: "reconfigure", body: configs });
    const { status } = await this.#query<{ status: string }>({ endpoint: "reconfigure", member: "reconfigure", body }, options);
    const taken = body.values()!.new_config as PluginConfig;
    if (status === "not_supported") return await this.initialize(taken, options);
    this.#keep(this.#take({ endpoint: "initialize", member: "initialize", body: taken }), options);
  }

  /** Lets the plugin go, and its worker when this host has started it. What is open is cancelled. Calling it again is harmless. */
  cleanup(): Promise<void> {
    return this.#cleanup ??= this.#end();
  }

  /** The same as `cleanup()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.cleanup();
  }

  #query<Body = Record<string, unknown>>(operation: Operation, options: OperationOptions): Promise<Body> {
    return this.#dispatch.ask<Body>(operation, options);
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
      const operation = { endpoint: "initialize", member: "initialize", body } as const;
      await this.#dispatch.runOn(worker, operation, { timeoutMs, idleTimeoutMs, signal });
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
