/**
 * What a plugin is: the manifest as it is written, and as the rest of the package reads it.
 *
 * @module
 */
import type { PermissionSet } from "../protocol/messages.ts";
import type { WorkerVariable } from "./_original.ts";

/**
 * A manifest as it stands in its JSON file. Paths may start with `~`, and relative ones belong to the manifest's folder.
 *
 * @example
 * ```ts
 * import type { Manifest } from "@remote-plugin/proxy";
 *
 * const manifest: Manifest = {
 *   name: "whisper",
 *   python_path: "~/miniforge3/envs/whisper/bin/python",
 *   module: "whisper_plugin",
 *   class: "WhisperPlugin",
 *   env_vars: { CUDA_VISIBLE_DEVICES: "0" },
 * };
 * ```
 */
export interface Manifest {
  /** What the plugin is called, in messages too. Default: the module's name. */
  name?: string;
  /** Default: `"0.0.0"`. */
  version?: string;
  /** What the plugin runs in. Default: `"python"`. */
  runtime?: "python" | "deno";
  /** The worker: ours (`"builtin"`, the default), or a Python module that is run with `-m`. */
  worker?: string;
  /** The interpreter: a path, or a name that is looked up on `PATH`. Default: `"python3"`. */
  python_path?: string;
  /** Python: an import path such as `pkg.mod`. Deno: a path or URL. */
  module: string;
  /** Python: the class, always given. Deno: the name of the export. Default for Deno: `"default"`. */
  class?: string;
  /** Python: folders to put first on the import path. Default: the manifest's own folder. */
  plugin_path?: string | string[];
  /** Task adapters of `cjm-substrate` to bind to the plugin, each `module:Class`. Default: none. */
  adapters?: string[];
  /** Environment variables of the worker, as the tools of the original list them, with templates and secrets. They win over `env_vars`. */
  worker_env?: WorkerVariable[];
  /** Environment variables of the worker. */
  env_vars?: Record<string, string>;
  /** Names of host variables that the worker may see besides the default ones; `true` for all. Default: none. */
  inherit_env?: true | string[];
  /** What a Deno plugin asks for. It gets what the host's policy allows of it. Default: nothing. */
  permissions?: PermissionSet;
  /** How the worker is reached. Default: `"unix"` where the system has it and the host may use it, else `"tcp"`. */
  transport?: "unix" | "tcp";
  /** How many calls the plugin may run at once. Default: 1, for most models are not thread-safe. */
  max_concurrency?: number;
  /** How long the start may take, loading of the plugin included, in milliseconds. Default: 60,000, or no limit where `idle_timeout_ms` is given. */
  start_timeout_ms?: number;
  /**
   * How long the start and each call may go on without a sign of life, in milliseconds: progress, a chunk, a line of output. Default: no limit. A
   * call's own `idleTimeoutMs` goes before it.
   */
  idle_timeout_ms?: number;
  /** Whether a worker that ends by itself is started again, and how. Default: `"never"`. */
  restart?: RestartMode | RestartSettings;
}

/** When a worker is started again: never, when it ended otherwise than with exit code 0, or always. */
export type RestartMode = "never" | "on_failure" | "always";

/** When and how a worker is started again. */
export interface RestartSettings {
  /** Default: `"on_failure"`. */
  mode?: RestartMode;
  /** The longest wait before the first restart, in milliseconds; it doubles with each crash, and half of it is left to chance. Default: 200. */
  initial_delay_ms?: number;
  /** The longest wait before any restart, in milliseconds. Default: 30,000. */
  max_delay_ms?: number;
  /** After this many crashes within the window the worker stays down. Default: 3. */
  max_crashes?: number;
  /** How long a crash counts, in milliseconds. Default: 300,000, which is five minutes. */
  window_ms?: number;
}

/** When and how a worker is started again, with nothing left open. */
export interface RestartPolicy {
  readonly mode: RestartMode;
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  readonly maxCrashes: number;
  readonly windowMs: number;
}

/** A plugin in a Python environment. */
export interface PythonRuntime {
  readonly kind: "python";
  /** An absolute path, or a bare name that is looked up on `PATH`. */
  readonly interpreter: string;
  readonly module: string;
  readonly class: string;
  readonly path: readonly string[];
  /** Task adapters of the original to bind to the plugin, each `module:Class`. */
  readonly adapters: readonly string[];
  /** The module of a worker of the environment's own; `undefined` for ours. */
  readonly foreignWorker: string | undefined;
}

/** A plugin in a Deno process. */
export interface DenoRuntime {
  readonly kind: "deno";
  /** The module's URL. */
  readonly module: string;
  /** The name of the export that is the plugin. */
  readonly class: string;
  /** What the plugin asks for, paths absolute. */
  readonly permissions: PermissionSet;
}

/** A manifest that has been read and checked: defaults filled in, paths absolute. */
export interface PluginSpec {
  readonly name: string;
  readonly version: string;
  /** The manifest's path or URL; `undefined` for one given as an object. */
  readonly source: string | undefined;
  readonly runtime: PythonRuntime | DenoRuntime;
  readonly env: Readonly<Record<string, string>>;
  readonly inheritEnv: true | readonly string[];
  /** `undefined` when the manifest leaves the choice to the host. */
  readonly transport: "unix" | "tcp" | undefined;
  readonly maxConcurrency: number;
  /** `undefined` when the start may take as long as it gives signs of life. */
  readonly startTimeoutMs: number | undefined;
  /** `undefined` when silence has no limit. */
  readonly idleTimeoutMs: number | undefined;
  readonly restart: RestartPolicy;
  /** What looks wrong in the manifest and does no harm, for example an unknown key. */
  readonly warnings: readonly string[];
}
