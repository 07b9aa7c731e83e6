/**
 * What the members of a plugin are given, and what they tell.
 *
 * @module
 */
import type { PluginError } from "../errors.ts";
import type { ProgressBody } from "../protocol/messages.ts";

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
