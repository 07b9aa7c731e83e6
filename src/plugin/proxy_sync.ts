/**
 * The blocking twin of `RemotePluginProxy`, for scripts.
 *
 * @module
 */
import { ManifestError } from "../errors.ts";
import { isChecked, type ManifestSource } from "../manifest/load.ts";
import type { LogRecord } from "../process/output_log.ts";
import type { PermissionUse } from "../process/permission_audit.ts";
import type { WorkerExit } from "../process/worker_process.ts";
import type { ExtensionEndpoint } from "../protocol/endpoints.ts";
import type { PermissionSet, SignaturesBody, StatsBody } from "../protocol/messages.ts";
import { activeTrace } from "../protocol/telemetry.ts";
import { BlockingPlugin, type SyncCallOptions, type SyncOperationOptions } from "./blocking_plugin.ts";
import type { Kwargs, PluginConfig, Progress, StartOptions, WorkerAddress } from "./interface.ts";
import { extensionOf, methodOf, operationOf } from "./members.ts";

/** What `RemotePluginProxySync.start()` takes besides the manifest. A blocked thread can neither abort it nor be told of restarts. */
export interface SyncStartOptions extends Omit<StartOptions, "signal" | "onRestart" | "auditPermissions"> {
  /** Whether `permissionUses` tells what the plugin tries. Nothing can be called while the thread is blocked. Default: `false`. */
  readonly audit?: boolean;
}

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
  readonly #plugin: BlockingPlugin;

  private constructor(plugin: BlockingPlugin) {
    this.#plugin = plugin;
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
  static start(
    manifest: ManifestSource,
    { onEnvironment, audit = false, ...options }: SyncStartOptions = {},
  ): RemotePluginProxySync {
    const plugin = typeof manifest === "string" || manifest instanceof URL ? String(manifest) : manifest?.name ?? "(manifest object)";
    const sent = { manifest: sendable(manifest, plugin), isChecked: isChecked(manifest) };
    const request = { kind: "start", ...sent, options, audit, reports: onEnvironment !== undefined, trace: activeTrace() } as const;
    return new RemotePluginProxySync(BlockingPlugin.open(request, plugin, { onEnvironment }));
  }

  /**
   * Connects to a worker that something else runs, and leaves it as it is in the end.
   *
   * @param endpoint Where the worker listens, `http://127.0.0.1:49152` or `unix:/path`, and its token.
   * @throws {ProtocolError} When no worker answers there.
   */
  static attach({ url, token, scratch }: WorkerAddress): RemotePluginProxySync {
    return new RemotePluginProxySync(BlockingPlugin.open({ kind: "attach", endpoint: { url, token, scratch } }, url));
  }

  /** The plugin's name, as it says itself. */
  get name(): string {
    return this.#plugin.facts.name;
  }

  /** The plugin's version, as it says itself. */
  get version(): string {
    return this.#plugin.facts.version;
  }

  /** What looks wrong in the manifest and does no harm. */
  get warnings(): readonly string[] {
    return this.#plugin.facts.warnings;
  }

  /** The process in which the plugin runs; `undefined` for one that was attached. */
  get pid(): number | undefined {
    return this.#plugin.look().pid;
  }

  /**
   * What the plugin was given of what its manifest asks for; `undefined` for a Python plugin that is not bounded, and so may do whatever its user may, and for
   * one that was attached.
   */
  get permissions(): PermissionSet | undefined {
    return this.#plugin.look().permissions;
  }

  /** Where the worker listens and its token, for another program to `attach()` with; `undefined` for one that was attached itself. */
  get endpoint(): WorkerAddress | undefined {
    return this.#plugin.look().endpoint;
  }

  /** How many calls the plugin runs at once. A stream that is open takes one of these turns. */
  get maxConcurrency(): number {
    return this.#plugin.facts.maxConcurrency;
  }

  /** How the worker ended; `undefined` while it runs or another one takes its place. This is a look, it waits for nothing. */
  get exited(): WorkerExit | undefined {
    return this.#plugin.look().exit;
  }

  /** What the worker has printed since the last time, at most 10,000 lines. For one that was attached, see {@linkcode RemotePluginProxy.logs}. It does not wait for more; after `cleanup()` it is all the rest. */
  get logs(): Iterable<LogRecord> {
    return { [Symbol.iterator]: () => this.#plugin.drainLogs() };
  }

  /**
   * What the plugin has tried since the last time for which it takes a permission, each thing once a worker, when it was started with `audit`; at
   * most 10,000. It does not wait for more; after `cleanup()` it is all the rest.
   */
  get permissionUses(): Iterable<PermissionUse> {
    return { [Symbol.iterator]: () => this.#plugin.drainUses() };
  }

  /** Gives the plugin its configuration. Optional: a plugin that needs it says so by its own error. */
  initialize(config: PluginConfig = {}, options: SyncOperationOptions = {}): void {
    this.#plugin.run(operationOf("initialize", config), options);
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
    return this.#plugin.run(operationOf("execute", { args, kwargs }), options) as Result;
  }

  /**
   * Calls the plugin and yields what it produces, as it is produced; up to 256 small chunks or 32 others are read ahead, none when there is an
   * `onProgress`. Leaving the loop cancels the call.
   *
   * @throws {PluginStateError} When other streams that are open take every turn of the plugin: the new one would wait for ever.
   */
  executeStream<Chunk = unknown>(kwargs: Kwargs = {}, { args = [], ...options }: SyncCallOptions = {}): Generator<Chunk, void, void> {
    return this.#plugin.stream(operationOf("executeStream", { args, kwargs }), options) as Generator<Chunk, void, void>;
  }

  /** Calls one of the plugin's own methods by its name, and waits for its result; {@linkcode RemotePluginProxy.call} tells more. */
  call<Result = unknown>(method: string, kwargs: Kwargs = {}, { args = [], ...options }: SyncCallOptions = {}): Result {
    return this.#plugin.run(methodOf("call", method, { args, kwargs }), options) as Result;
  }

  /** Calls one of the plugin's own methods by its name, and yields what it produces, as `executeStream` does. */
  stream<Chunk = unknown>(
    method: string,
    kwargs: Kwargs = {},
    { args = [], ...options }: SyncCallOptions = {},
  ): Generator<Chunk, void, void> {
    return this.#plugin.stream(methodOf("stream", method, { args, kwargs }), options) as Generator<Chunk, void, void>;
  }

  /** The JSON Schema of the configuration; `{}` when the plugin has none. */
  getConfigSchema(options: SyncOperationOptions = {}): Record<string, unknown> {
    return this.#plugin.ask("getConfigSchema", options);
  }

  /** The configuration as the plugin has it now; `{}` when it tells none. */
  getCurrentConfig(options: SyncOperationOptions = {}): Record<string, unknown> {
    return this.#plugin.ask("getCurrentConfig", options);
  }

  /** What the plugin's methods take and give, in JSON Schema, as far as it says. */
  getSignatures(options: SyncOperationOptions = {}): SignaturesBody {
    return this.#plugin.ask("getSignatures", options);
  }

  /** What the worker uses. */
  getStats(options: SyncOperationOptions = {}): StatsBody {
    return this.#plugin.ask("getStats", options);
  }

  /** How far the call that started last has come. */
  getProgress(options: SyncOperationOptions = {}): Progress {
    return this.#plugin.ask("getProgress", options);
  }

  /** Asks for what not every worker has; `RemotePluginProxy.extension()` tells more. */
  extension<Result = unknown>(
    endpoint: ExtensionEndpoint,
    body?: Readonly<Record<string, unknown>>,
    options: SyncOperationOptions = {},
  ): Result {
    return this.#plugin.run(extensionOf(endpoint, body), options) as Result;
  }

  /** Whether the worker answers. False after `cleanup()`, and when no answer comes within two seconds. */
  isAlive(): boolean {
    return !this.#plugin.isClosed && this.#plugin.run(operationOf("isAlive"), {}) as boolean;
  }

  /** Cancels every call that runs or waits in the worker, for example from `onProgress`. False when there was none. */
  cancel(options: SyncOperationOptions = {}): boolean {
    return this.#plugin.run(operationOf("cancel"), options) as boolean;
  }

  /** Lets the plugin download or load ahead of the first call. False when it has nothing to prefetch. */
  prefetch(options: SyncOperationOptions = {}): boolean {
    return this.#plugin.run(operationOf("prefetch"), options) as boolean;
  }

  /** Gives a plugin that is initialized another configuration. */
  reconfigure(config: PluginConfig, options: SyncOperationOptions = {}): void {
    this.#plugin.run(operationOf("reconfigure", { new_config: config }), options);
  }

  /** Lets the plugin go, and its worker when this host has started it. Calling it again is harmless. */
  cleanup(): void {
    this.#plugin[Symbol.dispose]();
  }

  /** The same as `cleanup()`. */
  [Symbol.dispose](): void {
    this.cleanup();
  }
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
