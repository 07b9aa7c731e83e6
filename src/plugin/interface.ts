/**
 * What a host sees of a plugin.
 *
 * @module
 */
import type { PluginError } from "../errors.ts";
import type { ExtensionEndpoint } from "../protocol/endpoints.ts";
import type { ProgressBody, SignaturesBody, StatsBody } from "../protocol/messages.ts";

/** Keyword arguments of a call. */
export type Kwargs = Readonly<Record<string, unknown>>;

/** A plugin's configuration. */
export type PluginConfig = Readonly<Record<string, unknown>>;

/** How far a call has come. */
export type Progress = ProgressBody;

/** What every operation on a plugin takes. */
export interface OperationOptions {
  /** Aborting it abandons the operation, which rejects with the signal's reason, and tells the worker to stop. */
  readonly signal?: AbortSignal;
  /**
   * The longest that the operation may take, waiting for its turn included, in milliseconds. Time in which this program did not run, because it was
   * stopped or the machine slept, does not count. Default: no limit.
   */
  readonly timeoutMs?: number;
  /**
   * The longest that the operation may go on without a sign of life: progress, a chunk, or a line that its worker prints. In milliseconds. Waiting for
   * its turn does not count, nor does the time that the reader of a stream takes. Default: the manifest's `idle_timeout_ms`, else no limit.
   */
  readonly idleTimeoutMs?: number;
  /** Called for each report of progress, in order, before the operation settles. */
  readonly onProgress?: (progress: Progress) => void;
}

/** What `execute` and `executeStream` take besides. */
export interface CallOptions extends OperationOptions {
  /** Positional arguments. Default: none. */
  readonly args?: readonly unknown[];
  /** Whether the call may be sent again when its worker ended and another one takes its place. A stream is, until its first chunk. Default: false. */
  readonly idempotent?: boolean;
  /** What the call is named towards the plugin and in {@linkcode LogRecord.callId}, 1 to 128 visible ASCII characters. Default: made up. */
  readonly callId?: string;
}

/** A worker is about to be started in the place of one that has ended. */
export interface RestartEvent {
  /** Why: a {@linkcode WorkerExitError}, or a {@linkcode WorkerStartError} when the last attempt to start it failed. */
  readonly cause: PluginError;
  /** How long it is waited before the start, in milliseconds. */
  readonly delayMs: number;
}

/** A plugin, wherever it runs. */
export interface PluginInterface extends AsyncDisposable {
  /** The plugin's name, as it says itself. */
  readonly name: string;
  /** The plugin's version, as it says itself. */
  readonly version: string;
  /** Gives the plugin its configuration. Optional: a plugin that needs it says so by its own error. */
  initialize(config?: PluginConfig, options?: OperationOptions): Promise<void>;
  /** Calls the plugin and waits for its result. */
  execute<Result = unknown>(kwargs?: Kwargs, options?: CallOptions): Promise<Result>;
  /** Calls the plugin and yields what it produces, as it is produced. Leaving the loop cancels the call. */
  executeStream<Chunk = unknown>(kwargs?: Kwargs, options?: CallOptions): AsyncGenerator<Chunk, void, void>;
  /** The JSON Schema of the configuration; `{}` when the plugin has none. */
  getConfigSchema(options?: OperationOptions): Promise<Record<string, unknown>>;
  /** The configuration as the plugin has it now; `{}` when it tells none. */
  getCurrentConfig(options?: OperationOptions): Promise<Record<string, unknown>>;
  /** What the plugin's methods take and give, in JSON Schema, as far as it says. */
  getSignatures(options?: OperationOptions): Promise<SignaturesBody>;
  /** What the worker uses. */
  getStats(options?: OperationOptions): Promise<StatsBody>;
  /** Whether the worker answers. False after `cleanup()`, and when no answer comes within two seconds. */
  isAlive(): Promise<boolean>;
  /** Cancels every call that runs or waits in the worker. False when there was none. */
  cancel(options?: OperationOptions): Promise<boolean>;
  /** How far the call that started last has come. */
  getProgress(options?: OperationOptions): Promise<Progress>;
  /** Lets the plugin download or load ahead of the first call. False when it has nothing to prefetch. */
  prefetch(options?: OperationOptions): Promise<boolean>;
  /** Gives a plugin that is initialized another configuration. */
  reconfigure(config: PluginConfig, options?: OperationOptions): Promise<void>;
  /** Asks for what not every worker has, for example `task`, with a body of `{ task, method, kwargs }`: section 9 of `docs/protocol.md` has all. */
  extension<Result = unknown>(
    endpoint: ExtensionEndpoint,
    body?: Readonly<Record<string, unknown>>,
    options?: OperationOptions,
  ): Promise<Result>;
  /** Lets the plugin go, and its worker when this host has started it. Calling it again is harmless. */
  cleanup(): Promise<void>;
}
