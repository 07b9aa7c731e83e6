/**
 * What starts workers, wherever that is: on this machine, or on a cluster.
 *
 * @module
 */
import type { EnvironmentStep } from "../environments/environment.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import type { ScratchFolders } from "../payload/worker_files.ts";
import type { HostNeeds, WorkerPlaces } from "../permissions/required.ts";
import type { BoundsOptions } from "../permissions/worker_grant.ts";
import type { HeldFrames, HelloMessage, PermissionSet } from "../protocol/messages.ts";
import type { OutputLog } from "./output_log.ts";
import type { PermissionListener } from "./permission_audit.ts";
import type { WorkerExit } from "./running_child.ts";
import type { WorkerPlacement } from "./worker_placement.ts";

export type { WorkerPlacement };

/** What starts the workers of a plugin: what `ray()` of `/ray` gives, for example. Nothing else of this package knows where they run. */
export interface Launcher extends HostNeeds {
  /** Whether its workers run on this machine, whose memory they take then. */
  readonly isLocal: boolean;
  /**
   * Starts a worker and waits until it listens. An abort of the watch's signal rejects with the signal's reason. Whatever fails leaves nothing behind.
   *
   * @internal
   * @throws {PermissionDeniedError} When the host lacks a permission; nothing was started then.
   * @throws {WorkerStartError} When the worker does not get as far.
   */
  launch(spec: PluginSpec, options: LaunchOptions, watch: LaunchWatch): Promise<LaunchedWorker>;
  /**
   * The launcher as data, by which the thread of a blocking proxy makes it anew. A launcher without this works only in the thread that made it.
   *
   * @throws {TypeError} When it holds what cannot be data, such as a function; the message says what to give in its place.
   */
  asData?(): LauncherData;
}

/**
 * Makes sure of what was given as a launcher.
 *
 * @throws {TypeError} When it starts nothing.
 */
export function demandLauncher(launcher: Partial<Launcher> | null | undefined, plugin: string): void {
  if (launcher === undefined || typeof launcher?.launch === "function") return;
  throw new TypeError(`Cannot start "${plugin}": its "launcher" starts no workers. Give what "ray()" of "/ray" gives, for example`);
}

/** A launcher as data. */
export interface LauncherData {
  /** The URL of a module that exports `launcherFrom(options)`, which gives the {@linkcode Launcher}. */
  readonly module: string;
  /** What that function is given. It can be cloned. */
  readonly options: unknown;
}

/** What a launch depends on besides the manifest. */
export interface LaunchOptions extends WorkerPlaces, BoundsOptions {
  /** The most bytes that files for and from the plugin may have at a time. Default: 4 GiB. */
  readonly scratchQuota?: number;
  /** Told of what the plugin tries. */
  readonly auditPermissions?: PermissionListener;
  /** Whether nothing may be fetched for the plugin's environment. */
  readonly offline?: boolean;
  /** Told of each step while the plugin's environment is made. */
  readonly onEnvironment?: (step: EnvironmentStep) => void;
}

/** A start waits for others, for example for a node of a cluster that has room for it. */
export interface QueuedEvent {
  /** What it waits for, as a sentence without a full stop. */
  readonly reason: string;
  /** How long it has been waiting, in milliseconds. */
  readonly sinceMs: number;
}

/** What a launch is watched by. */
export interface LaunchWatch {
  /** Aborting it gives up the launch. */
  readonly signal: AbortSignal;
  /** Takes what the worker prints, from its first line on. */
  readonly log: OutputLog;
  /** Called each time when it is known, or known otherwise, for what the start waits. */
  readonly onQueued: (event: QueuedEvent) => void;
  /** Called when the worker's own start begins, from which the manifest's limits of a start count. What came before is nobody's fault. */
  readonly onBegin: () => void;
}

/** Where a worker is that something else runs, as `endpoint` of its own proxy tells. */
export interface WorkerAddress {
  /** `http://127.0.0.1:49152`, or `unix:/path/to/worker.sock`. */
  readonly url: string;
  /** The bearer token that the worker was started with. A worker of the original wants none. */
  readonly token?: string;
  /**
   * The folders for files that the worker was started with. A host that may read and write there hands over big values as files. Default: none, so
   * that files go as bytes, and results are in memory.
   */
  readonly scratch?: {
    /** A folder of the file system for temporary files. */
    readonly disk: string;
    /** A folder in memory, which is preferred for what fits into it; `undefined` where there is none that the host may use. */
    readonly memory: string | undefined;
  };
}

/** A worker that listens. Disposing it ends it; doing so twice is harmless. */
export interface LaunchedWorker extends AsyncDisposable {
  /** The plugin as it was started: of a Python plugin with the interpreter of its environment. */
  readonly spec: PluginSpec;
  /** What the worker said of itself. */
  readonly hello: HelloMessage;
  /** The token that each request must carry. */
  readonly token: string;
  /** What the plugin was given; `undefined` for one that the system's own rights alone bound. */
  readonly permissions: PermissionSet | undefined;
  /** What the plugin asks for and cannot have. */
  readonly warnings: readonly string[];
  /** Where it and this host keep the files that they hand to each other; `undefined` where they share no folder, so that files go as bytes. */
  readonly scratch: ScratchFolders | undefined;
  /** Where other programs of this machine reach it; `undefined` where they cannot. */
  readonly endpoint: WorkerAddress | undefined;
  /** Where it runs; `undefined` on this machine. */
  readonly placement: WorkerPlacement | undefined;
  /** What the worker prints. */
  readonly log: OutputLog;
  /** How the worker ended; nothing of it is left then. */
  readonly exited: Promise<WorkerExit>;

  /** Opens a connection on which the worker's socket answers. Whoever gets it closes it. */
  dial(): Promise<Deno.Conn>;
  /** How the worker ended, if it does within this many milliseconds. */
  endedWithin(milliseconds: number): Promise<WorkerExit | undefined>;
  /** What the worker had held back on a connection of this name, and had not sent when it ended, if it does within this many milliseconds. */
  heldBack(connection: string, milliseconds: number): Promise<HeldFrames | "untold" | undefined>;
  /** Has what the worker had sent read when it has ended, before its files are removed. */
  onEnd(readOut: () => Promise<void>): void;
  /** Keeps the host program alive until the worker ends; without it a host that is done may exit, and the worker goes with it. */
  ref(): void;
  /** Lets the host program exit while the worker runs. */
  unref(): void;
}
