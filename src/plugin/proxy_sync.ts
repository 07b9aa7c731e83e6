/**
 * The blocking twin of `RemotePluginProxy`, for scripts.
 *
 * @module
 */
import { ManifestError, PluginStateError } from "../errors.ts";
import { isChecked, type ManifestSource } from "../manifest/load.ts";
import { resultGoneError } from "../payload/file_result.ts";
import { FileResultSync, type LocatedAccess } from "../payload/file_result_sync.ts";
import type { ResultLocation } from "../payload/location.ts";
import type { ScratchFolders } from "../payload/scratch.ts";
import type { LogRecord } from "../process/output_log.ts";
import type { WorkerExit } from "../process/worker_process.ts";
import { endpointRule, type ExtensionEndpoint } from "../protocol/endpoints.ts";
import type { PermissionSet, SignaturesBody, StatsBody } from "../protocol/messages.ts";
import { activeTrace } from "../protocol/telemetry.ts";
import { BlockingBridge } from "../transport/blocking/bridge.ts";
import type { HttpEndpoint } from "../transport/http.ts";
import { BLOCKING_WORKER, type BlockingMember, type BlockingRequest, type CallFacts, type PluginFacts } from "./blocking_worker.ts";
import { cancelledError, closedError } from "./failures.ts";
import { type Body, encodeBody, type Operation } from "./arguments.ts";
import { holdsFiles, memoryOf, receiveValue, sendBody, type SentBody, type SentValue } from "./sent_values.ts";
import { outcomeOf } from "./outcome.ts";
import type { Batch } from "./run_ahead.ts";
import type { CallOptions, Kwargs, OperationOptions, PluginConfig, Progress } from "./interface.ts";
import type { StartOptions } from "./proxy.ts";

/** A worker that something else runs: its address and token, and the folders that it shares, as `endpoint` of its own proxy has them. */
export type SyncWorkerEndpoint = HttpEndpoint & { readonly scratch?: ScratchFolders };

/** What `RemotePluginProxySync.start()` takes besides the manifest. A blocked thread can neither abort it nor be told of restarts. */
export type SyncStartOptions = Omit<StartOptions, "signal" | "onRestart">;

/**
 * What every blocking operation takes. There is no `signal`: nothing can abort an operation while its thread is blocked. An exception of `onProgress`,
 * which is called in this thread, abandons the operation and is thrown.
 */
export type SyncOperationOptions = Omit<OperationOptions, "signal">;

/** What the blocking `execute` and `executeStream` take. */
export type SyncCallOptions = Omit<CallOptions, "signal">;

/** A stream that is to be read to its end. */
interface Pull {
  readonly stream: number;
  /** What the stream is of. */
  readonly open: CallFacts | { readonly file: number };
  readonly member: string;
}

/** A stream that was called for, and has not begun. */
interface TakenStream {
  readonly stream: number;
  readonly body: () => SentBody;
  readonly options: SyncCallOptions;
}

/** An operation that is one request with one answer. */
type Call = SyncOperation & { readonly member: BlockingMember };

/** An operation whose arguments cross to the thread. */
type SyncOperation = Operation & { readonly body?: Body };

/**
 * A plugin in an isolated worker process, each of whose members blocks until it is done. `using` ends the worker, whatever happens.
 *
 * A thread of its own runs a `RemotePluginProxy` and this one waits for it, so that results and errors are the same. While it waits, nothing else
 * happens in this thread: no timer, no promise, no handler of a signal. Ctrl-C ends the program, and the worker with it. In a server use the asynchronous twin.
 * A Web Worker that is terminated while it waits goes on until the wait has ended, for Deno cannot stop it: there give a `timeoutMs`, or use a thread of
 * `node:worker_threads`.
 *
 * @example
 * ```ts no-eval
 * import { RemotePluginProxySync } from "@remote-plugin/proxy";
 *
 * using plugin = RemotePluginProxySync.start("./whisper.json");
 * plugin.initialize({ model: "large-v3" });
 * for (const segment of plugin.executeStream({ audio: "/tmp/talk.wav" })) console.log(segment);
 * ```
 */
export class RemotePluginProxySync implements Disposable {
  readonly #bridge: BlockingBridge<BlockingRequest>;
  #facts: PluginFacts;
  /** The streams that a loop of this thread has begun and not left. */
  readonly #streams = new Set<number>();
  #nextStream = 1;
  #records: LogRecord[] = [];
  #closed = false;

  private constructor(bridge: BlockingBridge<BlockingRequest>, facts: PluginFacts) {
    this.#bridge = bridge;
    this.#facts = facts;
  }

  /**
   * Starts a plugin's worker and waits until the plugin is loaded.
   *
   * @param manifest A manifest's path or URL, or the manifest itself.
   * @throws {PluginStateError} Where a thread may not block; `RemotePluginProxy` works there.
   * @throws {ManifestError} When the manifest cannot be used.
   * @throws {PermissionDeniedError} When the host lacks a permission; it lists the flags to add.
   * @throws {WorkerStartError} When the worker does not start or the plugin cannot be loaded.
   */
  static start(manifest: ManifestSource, options: SyncStartOptions = {}): RemotePluginProxySync {
    const plugin = typeof manifest === "string" || manifest instanceof URL ? String(manifest) : manifest?.name ?? "(manifest object)";
    const sent = { manifest: sendable(manifest, plugin), isChecked: isChecked(manifest) };
    return RemotePluginProxySync.#open({ kind: "start", ...sent, options, trace: activeTrace() }, plugin);
  }

  /**
   * Connects to a worker that something else runs, and leaves it as it is in the end.
   *
   * @param endpoint Where the worker listens, `http://127.0.0.1:49152` or `unix:/path`, and its token.
   * @throws {ProtocolError} When no worker answers there.
   */
  static attach({ url, token, scratch }: SyncWorkerEndpoint): RemotePluginProxySync {
    return RemotePluginProxySync.#open({ kind: "attach", endpoint: { url, token, scratch } }, url);
  }

  static #open(request: BlockingRequest, plugin: string): RemotePluginProxySync {
    using owned = new DisposableStack();
    const bridge = owned.use(new BlockingBridge<BlockingRequest>(BLOCKING_WORKER, plugin));
    const facts = bridge.ask(request) as PluginFacts;
    owned.move();
    return new RemotePluginProxySync(bridge, facts);
  }

  /** The plugin's name, as it says itself. */
  get name(): string {
    return this.#facts.name;
  }

  /** The plugin's version, as it says itself. */
  get version(): string {
    return this.#facts.version;
  }

  /** What looks wrong in the manifest and does no harm. */
  get warnings(): readonly string[] {
    return this.#facts.warnings;
  }

  /** The process in which the plugin runs; `undefined` for one that was attached. */
  get pid(): number | undefined {
    return this.#look().pid;
  }

  /** What a Deno plugin was given of what its manifest asks for; `undefined` for Python, which the system's own rights bound. */
  get permissions(): PermissionSet | undefined {
    return this.#look().permissions;
  }

  /** Where the worker listens and its token, for another program to `attach()` with; `undefined` for one that was attached itself. */
  get endpoint(): SyncWorkerEndpoint | undefined {
    return this.#look().endpoint;
  }

  /** How many calls the plugin runs at once. A stream that is open takes one of these places. */
  get maxConcurrency(): number {
    return this.#facts.maxConcurrency;
  }

  /** How the worker ended; `undefined` while it runs or another one takes its place. This is a look, it waits for nothing. */
  get exited(): WorkerExit | undefined {
    return this.#look().exit;
  }

  /** What the worker has printed since the last time, at most 10,000 lines. It does not wait for more; after `cleanup()` it is all the rest. */
  get logs(): Iterable<LogRecord> {
    return { [Symbol.iterator]: () => this.#drainLogs() };
  }

  /** Gives the plugin its configuration. Optional: a plugin that needs it says so by its own error. */
  initialize(config: PluginConfig = {}, options: SyncOperationOptions = {}): void {
    this.#call({ endpoint: "initialize", member: "initialize", body: config }, options);
  }

  /**
   * Calls the plugin and waits for its result.
   *
   * @param kwargs Keyword arguments: anything that JSON can hold, and NaN, the infinities and -0.
   * @throws {RemoteError} When plugin code raised.
   * @throws {CallTimeoutError} After `timeoutMs`.
   * @throws {WorkerExitError} When the worker ended meanwhile.
   */
  execute<Result = unknown>(kwargs: Kwargs = {}, { args = [], ...options }: SyncCallOptions = {}): Result {
    return this.#call({ endpoint: "execute", member: "execute", body: { args, kwargs } }, options) as Result;
  }

  /**
   * Calls the plugin and yields what it produces, as it is produced; up to 256 small chunks or 32 others are read ahead, none when there is an
   * `onProgress`. Leaving the loop cancels the call.
   *
   * @throws {PluginStateError} When other streams that are open take every place of the plugin: the new one would wait for ever.
   */
  executeStream<Chunk = unknown>(kwargs: Kwargs = {}, { args = [], ...options }: SyncCallOptions = {}): Generator<Chunk, void, void> {
    const stream = this.#nextStream++;
    const body = outcomeOf(() => this.#take(stream, { args, kwargs }));
    return this.#stream<Chunk>({ stream, body, options });
  }

  /** The JSON Schema of the configuration; `{}` when the plugin has none. */
  getConfigSchema(options: SyncOperationOptions = {}): Record<string, unknown> {
    return this.#call({ endpoint: "config_schema", member: "getConfigSchema" }, options) as Record<string, unknown>;
  }

  /** The configuration as the plugin has it now; `{}` when it tells none. */
  getCurrentConfig(options: SyncOperationOptions = {}): Record<string, unknown> {
    return this.#call({ endpoint: "config", member: "getCurrentConfig" }, options) as Record<string, unknown>;
  }

  /** What the plugin's methods take and give, in JSON Schema, as far as it says. */
  getSignatures(options: SyncOperationOptions = {}): SignaturesBody {
    return this.#call({ endpoint: "signatures", member: "getSignatures" }, options) as SignaturesBody;
  }

  /** What the worker uses. */
  getStats(options: SyncOperationOptions = {}): StatsBody {
    return this.#call({ endpoint: "stats", member: "getStats" }, options) as StatsBody;
  }

  /** How far the call that started last has come. */
  getProgress(options: SyncOperationOptions = {}): Progress {
    return this.#call({ endpoint: "progress", member: "getProgress" }, options) as Progress;
  }

  /** Asks for what not every worker has; `RemotePluginProxy.extension()` tells more. */
  extension<Result = unknown>(
    endpoint: ExtensionEndpoint,
    body?: Readonly<Record<string, unknown>>,
    options: SyncOperationOptions = {},
  ): Result {
    return this.#call({ endpoint, member: "extension", body: { endpoint, body } }, options) as Result;
  }

  /** Whether the worker answers. False after `cleanup()`, and when no answer comes within two seconds. */
  isAlive(): boolean {
    return !this.#closed && this.#call({ endpoint: "health", member: "isAlive" }, {}) as boolean;
  }

  /** Cancels every call that runs or waits in the worker, for example from `onProgress`. False when there was none. */
  cancel(options: SyncOperationOptions = {}): boolean {
    return this.#call({ endpoint: "cancel", member: "cancel" }, options) as boolean;
  }

  /** Lets the plugin download or load ahead of the first call. False when it has nothing to prefetch. */
  prefetch(options: SyncOperationOptions = {}): boolean {
    return this.#call({ endpoint: "prefetch", member: "prefetch" }, options) as boolean;
  }

  /** Gives a plugin that is initialized another configuration. */
  reconfigure(config: PluginConfig, options: SyncOperationOptions = {}): void {
    this.#call({ endpoint: "reconfigure", member: "reconfigure", body: { old_config: {}, new_config: config } }, options);
  }

  /** Lets the plugin go, and its worker when this host has started it. Calling it again is harmless. */
  cleanup(): void {
    if (this.#closed) return;
    using bridge = this.#bridge;
    this.#closed = true;
    try {
      bridge.ask(CLEANUP);
      this.#records.push(...bridge.ask({ kind: "logs" }) as LogRecord[]);
      this.#facts = bridge.ask({ kind: "look" }) as PluginFacts;
    } catch (error) {
      if (!bridge.isBroken) throw error;
      // The thread is ended, and the worker with it. Only one that still works removes their folder; the next start would find it.
      bridge.askAtLast(CLEANUP, LAST_BUDGET_MS);
    }
  }

  /** The same as `cleanup()`. */
  [Symbol.dispose](): void {
    this.cleanup();
  }

  *#stream<Chunk>({ stream, body, options }: TakenStream): Generator<Chunk, void, void> {
    const open = this.#prepare(STREAM, options, body);
    this.#streams.add(stream);
    try {
      for (const chunk of this.#pull({ stream, open, member: STREAM.member }, options.onProgress)) yield this.#received(chunk) as Chunk;
    } finally {
      this.#streams.delete(stream);
    }
  }

  /** What a stream is called with is taken at once, though it begins when its first chunk is asked for. Only the thread can hold a file. */
  #take(stream: number, values: Body): SentBody {
    const name = { plugin: this.name, member: STREAM.member };
    const body = sendBody(encodeBody({ endpoint: STREAM.endpoint, body: values }, name), { ...name, isKept: true });
    if (this.#closed || !holdsFiles(body)) return body;
    this.#bridge.ask({ kind: "take", stream, body }, { memory: memoryOf(body) });
    return {};
  }

  #call(operation: Call, options: SyncOperationOptions): unknown {
    const { endpoint, member, body } = operation;
    const name = { plugin: this.name, member };
    const call = this.#prepare(operation, options, () => sendBody(encodeBody({ endpoint, body }, name), name));
    return this.#received(
      this.#bridge.ask({ kind: "call", member: operation.member, call }, {
        onProgress: options.onProgress,
        memory: memoryOf(call.body),
      }) as SentValue,
    );
  }

  /** All that can be refused here is refused here, as the asynchronous proxy would: before anything is sent. */
  #prepare({ endpoint, member }: SyncOperation, { onProgress, ...options }: SyncCallOptions, body: () => SentBody): CallFacts {
    const { name: plugin } = this;
    if (this.#closed) throw closedError({ plugin, member });
    if ("signal" in options) throw noSignalError(plugin, member);
    if (endpointRule(endpoint).isCall && this.#streams.size >= this.maxConcurrency) throw this.#noPlaceError(member);
    return { body: body(), options, reports: onProgress !== undefined, trace: activeTrace() };
  }

  *#pull({ stream, open, member }: Pull, onProgress?: (progress: Progress) => void): Generator<SentValue, void, void> {
    let chunks: SentValue[] = [];
    let done = false;
    try {
      for (let first: Pull["open"] | undefined = open; !done; first = undefined) {
        const memory = first !== undefined && "body" in first ? memoryOf(first.body) : undefined;
        const batch = this.#bridge.ask({ kind: "pull", stream, open: first }, { onProgress, memory }) as Batch;
        done = batch.done;
        chunks = batch.chunks.toReversed();
        while (chunks.length > 0) {
          yield chunks.pop()!;
          if (this.#closed) throw cancelledError({ plugin: this.name, member }, "cleanup()");
        }
      }
    } finally {
      const unread = chunks.flatMap(({ files = [] }) => files).map(({ id }) => id);
      if (!this.#closed && (!done || unread.length > 0)) this.#bridge.ask({ kind: "close", stream, unread });
    }
  }

  #received(sent: SentValue): unknown {
    return receiveValue(sent, ({ id, size, mediaType }) => new FileResultSync({ size, mediaType, access: this.#accessTo(id) }));
  }

  #accessTo(file: number): LocatedAccess {
    let removed = false;
    const demandOpen = () => {
      if (removed || this.#closed) throw resultGoneError(this.name);
    };
    const ask = (member: "path" | "place" | "bytes") => {
      demandOpen();
      return this.#bridge.ask({ kind: "file", file, member });
    };
    return {
      path: () => ask("path") as string,
      location: () => ask("place") as ResultLocation,
      bytes: () => new Uint8Array(ask("bytes") as ArrayBuffer),
      pieces: () => {
        demandOpen();
        return this.#pull({ stream: this.#nextStream++, open: { file }, member: "stream" })
          .map(({ bytes }) => new Uint8Array(bytes!)) as Generator<Uint8Array<ArrayBuffer>, void, void>;
      },
      remove: () => {
        if (removed || this.#closed) return;
        removed = true;
        this.#bridge.ask({ kind: "file", file, member: "remove" });
      },
    };
  }

  #noPlaceError(member: string): PluginStateError {
    const { name: plugin, maxConcurrency } = this;
    const places = maxConcurrency === 1 ? "its one place" : `its ${maxConcurrency} places`;
    const message = `Cannot run "${member}" of "${plugin}": streams that are open here take ${places}, and a blocked loop cannot go on. ` +
      `Leave the loop first, raise "max_concurrency" in the manifest, or start the plugin twice`;
    return new PluginStateError(message, { plugin });
  }

  /** What can change when another worker takes the place of one that has ended. */
  #look(): PluginFacts {
    if (!this.#closed) this.#facts = this.#bridge.ask({ kind: "look" }) as PluginFacts;
    return this.#facts;
  }

  *#drainLogs(): Generator<LogRecord, void, void> {
    if (!this.#closed) this.#records.push(...this.#bridge.ask({ kind: "logs" }) as LogRecord[]);
    while (this.#records.length > 0) yield this.#records.shift()!;
  }
}

const CLEANUP: BlockingRequest = { kind: "call", member: "cleanup", call: { body: {}, options: {}, reports: false } };

/** How long a thread whose answers cannot be read may take to let go of its plugin, in milliseconds: somewhat longer than the plugin may. */
const LAST_BUDGET_MS = 3_000;

const STREAM = { endpoint: "execute_stream", member: "executeStream" } as const;

function noSignalError(plugin: string, member: string): PluginStateError {
  const message =
    `Cannot run "${member}" of "${plugin}" with a signal: nothing can abort it while it blocks. Give "timeoutMs", or use RemotePluginProxy`;
  return new PluginStateError(message, { plugin });
}

function sendable(manifest: ManifestSource, plugin: string): string | Exclude<ManifestSource, string | URL> {
  if (typeof manifest === "string") return manifest;
  if (manifest instanceof URL) return manifest.href;
  try {
    return structuredClone(manifest);
  } catch (cause) {
    throw new ManifestError(`Cannot use the manifest of "${plugin}": it holds what JSON cannot`, { plugin, place: "$", cause });
  }
}
