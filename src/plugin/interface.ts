/**
 * What the members of a plugin are given, and what they tell.
 *
 * @module
 */
import type { PluginError } from "../errors.ts";
import type { EnvironmentStep } from "../environments/environment.ts";
import type { PermissionPolicy } from "../permissions/grant.ts";
import type { BoundsLevel } from "../permissions/worker_grant.ts";
import type { Launcher, QueuedEvent, WorkerAddress } from "../process/launcher.ts";
import type { WorkerExit } from "../process/running_child.ts";
import type { PermissionUse } from "../process/permission_audit.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { ProgressBody } from "../protocol/messages.ts";
import type { TraceContext } from "../protocol/telemetry.ts";

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
  /** The trace of which the operation is a part, for the worker. Default, and always while OpenTelemetry is on: that of the active span. */
  readonly traceContext?: TraceContext;
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

/** What `RemotePluginProxy.start()` takes besides the manifest. */
export interface StartOptions {
  /** Aborting it gives up the start, which then rejects with the signal's reason and leaves nothing. */
  readonly signal?: AbortSignal;
  /**
   * The most that a plugin may get of what its manifest asks for. Default: nothing. A Python plugin whose manifest has no `permissions` is not bounded by it
   * unless `bounds` says so.
   */
  readonly permissions?: PermissionPolicy;
  /** Which plugins are bounded, and by whom. Default: those whose manifests ask for it, and all Deno plugins by Deno. */
  readonly bounds?: BoundsLevel;
  /**
   * The folder in which each worker gets a private one. Default: the system's folder for temporary files, and besides it, for big values and as far
   * as there is room, `/dev/shm`, which Deno opens only to programs that run with `--allow-all`.
   */
  readonly scratchDir?: string;
  /** The most bytes that files for and from the plugin may have at a time. Default: 4 GiB. */
  readonly scratchQuota?: number;
  /**
   * The unix socket of this worker. Default: one in its private folder. Deno grants unix sockets by their exact path only, so a host that
   * runs with `--allow-net=unix:PATH` names the path here.
   */
  readonly socketPath?: string;
  /**
   * Whether connections to a worker on this machine are upgraded from HTTP to bare frames, where the worker does that: a small call takes a quarter of the
   * time then, and nothing else differs. Those to a worker elsewhere always are. Default: true. False is for those who want to watch the traffic, or compare.
   */
  readonly upgrade?: boolean;
  /**
   * How long the worker may take to answer that a call is cancelled, and how long the call may take to end then, in milliseconds. After that the worker is
   * ended, and another one takes its place. Default: 2,000.
   */
  readonly cancelBudgetMs?: number;
  /**
   * Called for what the plugin tries that takes a permission, each thing once a worker. Of a Python plugin it tells what Python itself opens, and not what
   * libraries in C do. Deno does not tell of programs that are started. Default: nobody is told.
   */
  readonly auditPermissions?: (use: PermissionUse) => void;
  /** Whether nothing may be fetched for the plugin's environment, when one has to be made. Default: as the variable `UV_OFFLINE` says. */
  readonly offline?: boolean;
  /** Called for each step while the plugin's environment is made. One that is there already has none. */
  readonly onEnvironment?: (step: EnvironmentStep) => void;
  /** What starts the worker. Default: it is a process of this machine. */
  readonly launcher?: Launcher;
  /** Called when the start waits for others, such as a node of a cluster that has room, and again when it is known otherwise for what. */
  readonly onQueued?: (event: QueuedEvent) => void;
  /** Called when the start of the worker itself begins: behind the making of its environment and what it was queued for. The limits of a start count from here. */
  readonly onBegin?: () => void;
  /** Called before a worker is started in the place of one that has ended. */
  readonly onRestart?: (event: RestartEvent) => void;
  /** Called once when the worker has ended and no other one takes its place. Other than awaiting `exited`, it does not keep the host program alive. */
  readonly onExit?: (exit: WorkerExit) => void;
}

/** What `RemotePluginProxy.attach()` takes besides the endpoint. */
export interface AttachOptions {
  /** Aborting it gives up the attempt. */
  readonly signal?: AbortSignal;
  /** Whether connections to a worker on this machine are upgraded from HTTP to bare frames. Default: true. */
  readonly upgrade?: boolean;
}

/** A worker in this thread, for tests: whatever answers requests, and may tell of its end. */
export interface WorkerInMemory {
  /** Answers requests by frames. */
  readonly exchange: Exchange;
  /** How it ended, once it has. */
  readonly exited?: Promise<WorkerExit>;
  /** The folders for files, if it has some. */
  readonly scratch?: WorkerAddress["scratch"];
}

/** A worker that something else runs. */
export type WorkerEndpoint = WorkerAddress | WorkerInMemory;
