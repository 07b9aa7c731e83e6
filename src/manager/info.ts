/**
 * What a manager tells of its plugins when it is asked.
 *
 * @module
 */
import type { QueuedEvent, WorkerPlacement } from "../process/launcher.ts";
import type { BatchLimits } from "../protocol/batch.ts";
import type { LatencyPercentiles } from "./latency.ts";

export type { LatencyPercentiles };

/** What a plugin is doing. */
export type PluginState =
  /** It has no worker; its first call starts one. */
  | { readonly kind: "registered" }
  /** Its workers are being started; calls wait. */
  | { readonly kind: "starting" }
  /** It takes calls. */
  | { readonly kind: "running"; readonly workers: number }
  /** It takes calls, while new workers are being started. */
  | { readonly kind: "reloading"; readonly workers: number }
  /** It lets its workers go when their calls have ended; new calls wait. */
  | { readonly kind: "stopping" }
  /** Its workers could not be started; the next call tries again. */
  | { readonly kind: "failed"; readonly error: unknown }
  /** It refuses calls. */
  | { readonly kind: "disabled" };

/** One plugin, in one version. */
export interface PluginInfo {
  /** What the plugin is called. */
  readonly name: string;
  /** Its version. */
  readonly version: string;
  /** What it runs in. */
  readonly runtime: "python" | "deno";
  /** The manifest's path or URL; `undefined` for one given as an object. */
  readonly source: string | undefined;
  /** What it is doing. */
  readonly state: PluginState;
  /** The starts of workers that wait for others, such as a node of a cluster that has room. */
  readonly queued: readonly QueuedEvent[];
  /** Whether its workers run with an older manifest than the one on disk. `reload()` brings the new one. */
  readonly isOutdated: boolean;
  /** How many calls its workers run at once, when there are as many of them as there may be. */
  readonly maxConcurrency: number;
  /** How each worker gathers calls; `undefined` where each call runs alone. */
  readonly batch: BatchLimits | undefined;
  /** What looks wrong in the manifest and does no harm. */
  readonly warnings: readonly string[];
}

/** What one worker uses. */
export interface WorkerStats {
  /** The process in which the plugin runs, on the machine on which it runs. */
  readonly pid: number;
  /** Where it runs; left out for one on this machine. */
  readonly placement?: WorkerPlacement;
  /** Processor time since it was asked last, in percent of one core. */
  readonly cpuPercent: number;
  /** Resident memory, in MiB, with that of the processes that it has started, where the host may run `ps`. */
  readonly memoryMb: number;
  /** GPU memory, in MiB; `undefined` where no program tells it. */
  readonly gpuMemoryMb: number | undefined;
  /** How long it has been there, in seconds. */
  readonly uptimeS: number;
  /** Calls that it runs. */
  readonly running: number;
}

/** The calls of a plugin since the manager has known it. */
export interface CallStats {
  /** Calls that run or wait. */
  readonly open: number;
  /** Calls that wait for a worker. */
  readonly waiting: number;
  /** Calls that ended well. */
  readonly succeeded: number;
  /** Calls that failed. */
  readonly failed: number;
  /** Calls that were aborted, cancelled or left before their end. */
  readonly cancelled: number;
  /** How long the last 1,000 calls took that were not cancelled; `undefined` before the first one has ended. */
  readonly latencyMs: LatencyPercentiles | undefined;
}

/** What one plugin uses. */
export interface PluginStats {
  /** What the plugin is called. */
  readonly name: string;
  /** Its version. */
  readonly version: string;
  /** What it is doing. */
  readonly state: PluginState;
  /** The starts of workers that wait for others. */
  readonly queued: readonly QueuedEvent[];
  /** Its workers, without those that did not answer. */
  readonly workers: readonly WorkerStats[];
  /** Its calls. */
  readonly calls: CallStats;
}

/** What all plugins use. */
export interface ManagerStats {
  /** Each plugin by itself. */
  readonly plugins: readonly PluginStats[];
  /** The sums over all workers. */
  readonly total: Pick<WorkerStats, "cpuPercent" | "memoryMb" | "gpuMemoryMb" | "running"> & { readonly workers: number };
}
