/**
 * What a manager can be told.
 *
 * @module
 */
import type { EnvironmentStep } from "../environments/environment.ts";
import type { ManifestSource } from "../manifest/load.ts";
import { durationComplaint } from "../plugin/limits.ts";
import type { PermissionPolicy } from "../permissions/grant.ts";
import type { BoundsLevel } from "../permissions/worker_grant.ts";
import type { PermissionUse } from "../process/permission_audit.ts";
import type { LogRecord } from "../process/output_log.ts";

/** How many workers a plugin has. */
export interface Replicas {
  /** So many are started at once, and at least one. Default: 1. */
  readonly min?: number;
  /** So many there are at most; a further one is started when all are busy. Default: the same as `min`. */
  readonly max?: number;
  /** So many, within `max`, are kept started beyond those that are busy, so that the next call finds one. Default: 0. */
  readonly spare?: number;
}

/** How the workers of one plugin are kept. */
export interface PluginSettings {
  /** How many workers share the calls. The one with the fewest open calls gets the next. Default: one. */
  readonly replicas?: Replicas;
  /**
   * After so many milliseconds without a call the plugin's workers are ended; the next call starts them again. Default: they are kept.
   */
  readonly unloadAfterMs?: number;
}

/** The memory that all workers together may need, by what their manifests declare in `resources`. */
export interface MemoryBudget {
  /** Main memory, in MiB. Default: no limit. */
  readonly systemMb?: number;
  /** GPU memory, in MiB. Default: no limit. */
  readonly gpuMb?: number;
  /**
   * What happens to a plugin that does not fit beside those that are loaded: it waits until there is room, idle ones are unloaded for it, the longest
   * idle first, or it is an error. Default: `"evict"`, which waits when none is idle. What could never fit is an error always.
   */
  readonly policy?: "wait" | "evict" | "error";
}

/** What `PluginManager.create()` takes. */
export interface ManagerOptions extends PluginSettings {
  /** Folders with manifests. Those of `cjm-plugin-system` are known, for example `~/.cjm`, which must be given as an absolute path. */
  readonly folders?: readonly string[];
  /** Further manifests. */
  readonly manifests?: readonly ManifestSource[];
  /** Settings for single plugins, by name, in place of the manager's own. */
  readonly plugins?: Readonly<Record<string, PluginSettings>>;
  /**
   * What is watched for changes. With `"manifests"` it is the folders, those that come only later too. With `true` it is the code of plugins as well, which are
   * reloaded when that is edited. Until it is disposed, such a manager keeps the program alive. Default: false, nothing.
   */
  readonly watch?: boolean | "manifests";
  /**
   * The most that a plugin may get of what its manifest asks for. Default: nothing. A Python plugin whose manifest has no `permissions` is not bounded by it
   * unless `bounds` says so.
   */
  readonly permissions?: PermissionPolicy;
  /** Which plugins are bounded, and by whom. Default: those whose manifests ask for it, and all Deno plugins by Deno. */
  readonly bounds?: BoundsLevel;
  /** The folder in which all workers get private ones. Default: the system's folder for temporary files. */
  readonly scratchDir?: string;
  /** The folder for the workers' unix sockets. Default: each worker's private folder. */
  readonly socketDir?: string;
  /** What may be loaded at once. Default: everything. */
  readonly memory?: MemoryBudget;
  /** The folder in which configurations are kept over the manager's end. Default: they are not. */
  readonly configDir?: string;
  /** How often the workers are asked whether they answer, in milliseconds; 0 for never. Default: 10,000. */
  readonly healthIntervalMs?: number;
  /** Gets what the workers print, line by line. While it is set, they keep the program alive. */
  readonly onLog?: (record: LogRecord, plugin: string) => void;
  /** Called for what plugins try that takes a permission, each thing once a worker, as {@linkcode StartOptions.auditPermissions} tells it. */
  readonly auditPermissions?: (use: PermissionUse, plugin: string) => void;
  /** Whether nothing may be fetched for the plugins' environments, when some have to be made. Default: as the variable `UV_OFFLINE` says. */
  readonly offline?: boolean;
  /** Called for each step while a plugin's environment is made. One that is there already has none. */
  readonly onEnvironment?: (step: EnvironmentStep, plugin: string) => void;
  /** The program that tells the GPU memory of processes, as `nvidia-smi` does. Default: `"nvidia-smi"`; without it there are no such figures. */
  readonly gpuProgram?: string;
}

/**
 * Refuses times that are none, before anything is made.
 *
 * @throws {RangeError} When one is none.
 */
export function checkDurations({ plugins = {}, unloadAfterMs, healthIntervalMs }: ManagerOptions): void {
  const times: [string, number | undefined][] = [
    ["unloadAfterMs", unloadAfterMs],
    ["healthIntervalMs", healthIntervalMs === 0 ? undefined : healthIntervalMs],
    ...Object.entries(plugins).map((
      [name, settings],
    ): [string, number | undefined] => [`plugins.${name}.unloadAfterMs`, settings.unloadAfterMs]),
  ];
  const complaint = times.map(([name, value]) => durationComplaint(name, value)).find((found) => found !== undefined);
  if (complaint !== undefined) throw new RangeError(`Cannot make a manager: ${complaint}`);
}
