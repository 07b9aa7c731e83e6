/**
 * A plugin in an isolated worker, called as if it were local.
 *
 * @module
 */
import type { ExtensionEndpoint } from "../protocol/endpoints.ts";
import type { PermissionSet, SignaturesBody, StatsBody } from "../protocol/messages.ts";
import type { ManifestSource } from "../manifest/load.ts";
import type { LogRecord } from "../process/output_log.ts";
import type { WorkerExit } from "../process/worker_process.ts";
import type {
  AttachOptions,
  CallOptions,
  Kwargs,
  OperationOptions,
  PluginConfig,
  Progress,
  StartOptions,
  WorkerAddress,
  WorkerEndpoint,
} from "./interface.ts";
import { atCaller } from "./caller_stack.ts";
import { extensionOf, methodOf, operationOf, type PluginInterface } from "./members.ts";
import { RemotePlugin } from "./remote_plugin.ts";

/** No member, for only tests reach below a proxy. */
let below: (proxy: RemotePluginProxy) => RemotePlugin;

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
  static {
    below = (proxy) => proxy.#plugin;
  }

  readonly #plugin: RemotePlugin;

  private constructor(plugin: RemotePlugin) {
    this.#plugin = plugin;
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
    try {
      return new RemotePluginProxy(await RemotePlugin.start(manifest, options));
    } catch (error) {
      throw atCaller(error, RemotePluginProxy.start);
    }
  }

  /**
   * Connects to a worker that something else runs. It needs net permission alone, and works where no process can be started. `cleanup()` then
   * lets go of the connection and leaves the worker as it is.
   *
   * @param endpoint Where the worker listens, `http://127.0.0.1:49152` or `unix:/path`, and its token.
   * @throws {ProtocolError} When no worker answers there.
   */
  static async attach(endpoint: WorkerEndpoint, options: AttachOptions = {}): Promise<RemotePluginProxy> {
    try {
      return new RemotePluginProxy(await RemotePlugin.attach(endpoint, options));
    } catch (error) {
      throw atCaller(error, RemotePluginProxy.attach);
    }
  }

  /** The plugin's name, as it says itself. */
  get name(): string {
    return this.#plugin.name;
  }

  /** The plugin's version, as it says itself. */
  get version(): string {
    return this.#plugin.version;
  }

  /** What looks wrong in the manifest and does no harm: an unknown key with its nearest known one, a program that is nowhere to be found. */
  get warnings(): readonly string[] {
    return this.#plugin.warnings;
  }

  /** The process in which the plugin runs; `undefined` for one that was attached. */
  get pid(): number | undefined {
    return this.#plugin.pid;
  }

  /**
   * What the plugin was given of what its manifest asks for; `undefined` for a Python plugin that is not bounded, and so may do whatever its user may, and for
   * one that was attached.
   */
  get permissions(): PermissionSet | undefined {
    return this.#plugin.permissions;
  }

  /** Where the worker listens and its token, for another program to `attach()` with; `undefined` for one that was attached itself. */
  get endpoint(): WorkerAddress | undefined {
    return this.#plugin.endpoint;
  }

  /** How many calls the plugin runs at once; the others wait in order. */
  get maxConcurrency(): number {
    return this.#plugin.maxConcurrency;
  }

  /** How the worker ended, once it has and no other one takes its place. For one that was attached: when `cleanup()` was called. */
  get exited(): Promise<WorkerExit> {
    return this.#plugin.exited;
  }

  /**
   * What the worker prints, line by line, and those that come after it. For one that was attached through a gateway: what the calls of this proxy print that
   * begin while somebody reads this. For one that was attached to a worker: nothing.
   */
  get logs(): AsyncIterable<LogRecord> {
    return this.#plugin.logs;
  }

  /** Gives the plugin its configuration. Optional: a plugin that needs it says so by its own error. A worker that is started again gets it as well. */
  initialize(config: PluginConfig = {}, options: OperationOptions = {}): Promise<void> {
    return toldToCaller(this.#plugin.run(operationOf("initialize", config), options)) as Promise<void>;
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
  execute<Result = unknown>(kwargs: Kwargs = {}, options: CallOptions = {}): Promise<Result> {
    return toldToCaller(this.#plugin.run(operationOf("execute", { args: options.args ?? [], kwargs }), options)) as Promise<Result>;
  }

  /** Calls the plugin and yields what it produces, as it is produced. Leaving the loop cancels the call. Errors are those of `execute`. */
  executeStream<Chunk = unknown>(kwargs: Kwargs = {}, { args = [], ...options }: CallOptions = {}): AsyncGenerator<Chunk, void, void> {
    return this.#plugin.stream(operationOf("executeStream", { args, kwargs }), options) as AsyncGenerator<Chunk, void, void>;
  }

  /**
   * Calls one of the plugin's own methods by its name, and waits for its result: any public one, but for those that have a member here. Arguments, options and
   * errors are those of `execute`.
   *
   * @throws {CallError} With the code `not_supported` when the plugin has no such method; it names the nearest one.
   *
   * @example
   * ```ts no-eval
   * import { RemotePluginProxy } from "@remote-plugin/proxy";
   *
   * await using plugin = await RemotePluginProxy.start("./whisper.json");
   * console.log(await plugin.call("detect_language", { audio: "/tmp/talk.wav" }, { timeoutMs: 10_000 }));
   * ```
   */
  call<Result = unknown>(method: string, kwargs: Kwargs = {}, options: CallOptions = {}): Promise<Result> {
    const operation = methodOf("call", method, { args: options.args ?? [], kwargs });
    return toldToCaller(this.#plugin.run(operation, options)) as Promise<Result>;
  }

  /**
   * Calls one of the plugin's own methods by its name, and yields what it produces, as it is produced: of a generator its items, of any other its one result.
   * Leaving the loop cancels the call. Errors are those of `call`.
   */
  stream<Chunk = unknown>(
    method: string,
    kwargs: Kwargs = {},
    { args = [], ...options }: CallOptions = {},
  ): AsyncGenerator<Chunk, void, void> {
    return this.#plugin.stream(methodOf("stream", method, { args, kwargs }), options) as AsyncGenerator<Chunk, void, void>;
  }

  /** The JSON Schema of the configuration; `{}` when the plugin has none. */
  getConfigSchema(options: OperationOptions = {}): Promise<Record<string, unknown>> {
    return toldToCaller(this.#plugin.ask("getConfigSchema", options));
  }

  /** The configuration as the plugin has it now; `{}` when it tells none. */
  getCurrentConfig(options: OperationOptions = {}): Promise<Record<string, unknown>> {
    return toldToCaller(this.#plugin.ask("getCurrentConfig", options));
  }

  /**
   * What the plugin's methods take and give, in JSON Schema: of a Python plugin its signatures and docstrings, of a Deno plugin the schemas that it
   * declares.
   *
   * @throws {CallError} With the code `not_supported` when the worker is older than this, or one of the original's.
   */
  getSignatures(options: OperationOptions = {}): Promise<SignaturesBody> {
    return toldToCaller(this.#plugin.ask("getSignatures", options));
  }

  /** What the worker uses: processor, memory, calls. */
  getStats(options: OperationOptions = {}): Promise<StatsBody> {
    return toldToCaller(this.#plugin.ask("getStats", options));
  }

  /** How far the call that started last has come. */
  getProgress(options: OperationOptions = {}): Promise<Progress> {
    return toldToCaller(this.#plugin.ask("getProgress", options));
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
  extension<Result = unknown>(
    endpoint: ExtensionEndpoint,
    body?: Readonly<Record<string, unknown>>,
    options: OperationOptions = {},
  ): Promise<Result> {
    return toldToCaller(this.#plugin.run(extensionOf(endpoint, body), options)) as Promise<Result>;
  }

  /** Whether the worker answers. False after `cleanup()`, and when no answer comes within two seconds. */
  isAlive(): Promise<boolean> {
    return toldToCaller(this.#plugin.run(operationOf("isAlive"), {})) as Promise<boolean>;
  }

  /** Cancels every call that runs or waits in the worker. False when there was none. */
  cancel(options: OperationOptions = {}): Promise<boolean> {
    return toldToCaller(this.#plugin.run(operationOf("cancel"), options)) as Promise<boolean>;
  }

  /** Lets the plugin download or load ahead of the first call. False when it has nothing to prefetch. */
  prefetch(options: OperationOptions = {}): Promise<boolean> {
    return toldToCaller(this.#plugin.run(operationOf("prefetch"), options)) as Promise<boolean>;
  }

  /** Gives a plugin that is initialized another configuration. One without a `reconfigure` of its own is initialized again. */
  reconfigure(config: PluginConfig, options: OperationOptions = {}): Promise<void> {
    return toldToCaller(this.#plugin.run(operationOf("reconfigure", { new_config: config }), options)) as Promise<void>;
  }

  /** Lets the plugin go, and its worker when this host has started it. What is open is cancelled. Calling it again is harmless. */
  cleanup(): Promise<void> {
    return this.#plugin.cleanup();
  }

  /** The same as `cleanup()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.cleanup();
  }
}

/** What a proxy runs its members on. */
export function remotePluginOf(proxy: RemotePluginProxy): RemotePlugin {
  return below(proxy);
}

/** What a member gives, whose errors are told to come from the member's caller. */
function toldToCaller<Result>(answer: Promise<Result>): Promise<Result> {
  return answer.catch(failAtCaller);
}

function failAtCaller(error: unknown): never {
  throw atCaller(error, failAtCaller);
}
