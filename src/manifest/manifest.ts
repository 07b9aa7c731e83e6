/**
 * What a plugin is: the manifest as it is written, and as the rest of the package reads it.
 *
 * @module
 */
import type { BatchLimits } from "../protocol/batch.ts";
import type { PermissionSet } from "../protocol/messages.ts";

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
  /**
   * Python: what the environment is made from, in the place of `python_path`: a `.py` file with inline script metadata, a project's folder or its
   * `pyproject.toml`, a requirements file, or the dependencies themselves. The first start makes it, and the others find it.
   */
  environment?: string | InlineEnvironment;
  /** Python: an import path such as `pkg.mod`, or the path of a `.py` file. Deno: a path or URL. */
  module: string;
  /** Python: the class. Deno: the name of the export. Default for Deno: `"default"`; for a `.py` file: the one class or function in it. */
  class?: string;
  /** A function of the module that is the plugin, in the place of `class`. `execute` calls it; of a generator it gives the items. */
  function?: string;
  /** Python: folders to put first on the import path. Default: the manifest's own folder. */
  plugin_path?: string | string[];
  /**
   * The folder in which the worker runs, and to which relative paths in the plugin's own code belong. Default: the host's working directory. It opens
   * nothing to a Deno plugin, which reads there only what its permissions allow.
   */
  cwd?: string;
  /** Task adapters of `cjm-substrate` to bind to the plugin, each `module:Class`. Default: none. */
  adapters?: string[];
  /** Environment variables of the worker, as the tools of the original list them, with templates and secrets. They win over `env_vars`. */
  worker_env?: WorkerVariable[];
  /**
   * Environment variables. For a Python plugin they are its process's. For a Deno plugin they are its own, and those of the programs that it starts; what
   * configures its runtime, such as `DENO_V8_FLAGS` or `HTTPS_PROXY`, is refused unless the host's policy names it in `env`.
   */
  env_vars?: Record<string, string>;
  /**
   * Names of host variables that the worker may see besides the default ones; `true` for all, but for a Deno plugin without those that configure its
   * runtime. Default: none.
   */
  inherit_env?: true | string[];
  /**
   * What the plugin asks for. It gets what the host's policy allows of it. Default for Deno: nothing. A Python plugin without it is not bounded, unless the
   * host requires that; with it the kernel holds it to `read`, `write`, `net` (ports) and `run`, which Linux can.
   */
  permissions?: PermissionSet;
  /**
   * Python: what bounds the plugin. `"landlock"`, the default, is the kernel alone. `"bubblewrap"` has it run in a sandbox besides, where nothing of the disk is
   * to be seen but what it may use; it has to be installed. Either bounds the plugin also without `permissions`, and then to nothing.
   */
  sandbox?: "landlock" | "bubblewrap";
  /** How the worker is reached. Default: `"unix"` where the system has it and the host may use it, else `"tcp"`. */
  transport?: "unix" | "tcp";
  /** How many calls the plugin may run at once. Default: 1, for most models are not thread-safe. */
  max_concurrency?: number;
  /** Has the worker gather calls of `execute`, which the plugin's `execute_batch` (Deno: `executeBatch`) answers together. Default: each runs alone. */
  batch?: BatchSettings;
  /** How long the start may take, loading of the plugin included, in milliseconds. Default: 60,000, or no limit where `idle_timeout_ms` is given. */
  start_timeout_ms?: number;
  /**
   * How long the start and each call may go on without a sign of life, in milliseconds: progress, a chunk, a line of output. Default: no limit. A
   * call's own `idleTimeoutMs` goes before it.
   */
  idle_timeout_ms?: number;
  /** Whether a worker that ends by itself is started again, and how. Default: `"never"`. */
  restart?: RestartMode | RestartSettings;
  /** What one worker needs, by which a manager decides what may be loaded beside what. Default: nothing is known. */
  resources?: PluginResources | null;
}

/** How a worker gathers calls. */
export interface BatchSettings {
  /** The most calls that run together. Times one more than `max_concurrency` it is at most 256. Default: 32. */
  max_size?: number;
  /** How long a call waits for others, in milliseconds, when the plugin has nothing else to do. Default: 5. */
  max_wait_ms?: number;
}

/** What a Python plugin's environment is made from, where the manifest itself says it. */
export interface InlineEnvironment {
  /** The Python: a version such as `"3.12"`, a range such as `">=3.10,<3.13"`, or an interpreter's path. Default: the first from 3.8 on. */
  python?: string;
  /** What is installed, each as a line of a requirements file. Default: nothing. */
  dependencies?: string[];
  /** The URL of the index, in the place of PyPI. Default: what `uv` is configured with. */
  index?: string;
  /** Further arguments of `uv pip install`. Default: none. */
  extra_args?: string[];
}

/** One variable that a plugin's worker reads, as the original's manifests list them under `worker_env`. */
export interface WorkerVariable {
  /** What the variable is called. */
  readonly name: string;
  /** Whether the value is kept apart from the manifest. */
  readonly secret?: boolean;
  /** Whether the plugin is of no use without it. */
  readonly required?: boolean;
  /** The value, with `${...}` for the folders of the original. */
  readonly default?: string | null;
}

/** What one worker of a plugin needs, in the original's keys, and what it is held to. */
export interface PluginResources {
  /** Main memory, in MiB. */
  min_system_ram_mb?: number;
  /** GPU memory, in MiB. */
  min_gpu_vram_mb?: number;
  /** The most memory that a worker may have besides the runtime, in MiB. Linux only. Default: no limit. */
  max_memory_mb?: number;
  /** The most processes and threads that a worker may have besides its own. Linux only. Default: no limit. */
  max_processes?: number;
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
  /** When a worker that ended is followed by another one. */
  readonly mode: RestartMode;
  /** The pause before the first restart, in milliseconds. */
  readonly initialDelayMs: number;
  /** The longest pause, in milliseconds. */
  readonly maxDelayMs: number;
  /** How many crashes within the window are the last. */
  readonly maxCrashes: number;
  /** The length of the window, in milliseconds. */
  readonly windowMs: number;
}

/** What an environment is made from, paths absolute. */
export type EnvironmentSource =
  | {
    /** What the path leads to tells which of the three forms it is. */
    readonly kind: "path";
    /** A script, a project or a requirements file. */
    readonly path: string;
  }
  | {
    /** What the manifest says itself. */
    readonly kind: "inline";
    /** The folder to which relative paths in the dependencies belong; a manifest from the network has none. */
    readonly folder: string | undefined;
    /** A version, a range or an absolute path; `undefined` for any Python. */
    readonly python: string | undefined;
    /** What is installed. */
    readonly dependencies: readonly string[];
    /** The URL of the index; `undefined` for the one that `uv` is configured with. */
    readonly index: string | undefined;
    /** Further arguments of `uv pip install`. */
    readonly extraArgs: readonly string[];
  };

/** What of a module is the plugin: a class or an object, a function, or whichever a script has, by its name or as the only one. */
export type PluginEntry =
  | {
    /** A class, or for Deno an object as well; or a function. */
    readonly kind: "class" | "function";
    /** What it is called. */
    readonly name: string;
  }
  | {
    /** A class or a function of a script. */
    readonly kind: "script";
    /** What it is called; `undefined` for the only one. */
    readonly name: string | undefined;
  };

/** A plugin in a Python environment. */
export interface PythonRuntime {
  /** Which runtime it is. */
  readonly kind: "python";
  /** An absolute path, or a bare name that is looked up on `PATH`. Where there is an `environment`, it is empty until that was found or made. */
  readonly interpreter: string;
  /** What the environment is made from; `undefined` where the manifest names the interpreter. */
  readonly environment: EnvironmentSource | undefined;
  /** The plugin's import path, or the absolute path of its file. */
  readonly module: string;
  /** What of the module is the plugin. */
  readonly entry: PluginEntry;
  /** Folders to put first on the import path. */
  readonly path: readonly string[];
  /** Task adapters of the original to bind to the plugin, each `module:Class`. */
  readonly adapters: readonly string[];
  /** The module of a worker of the environment's own; `undefined` for ours. */
  readonly foreignWorker: string | undefined;
  /** What the plugin asks for, paths absolute; `undefined` when the manifest does not bound it. */
  readonly permissions: PermissionSet | undefined;
  /** Whether it runs in bubblewrap. */
  readonly isSandboxed: boolean;
}

/** A plugin in a Deno process. */
export interface DenoRuntime {
  /** Which runtime it is. */
  readonly kind: "deno";
  /** The module's URL. */
  readonly module: string;
  /** Which export is the plugin. */
  readonly entry: PluginEntry;
  /** What the plugin asks for, paths absolute. */
  readonly permissions: PermissionSet;
}

/** A manifest that has been read and checked: defaults filled in, paths absolute. */
export interface PluginSpec {
  /** What the plugin is called. */
  readonly name: string;
  /** The plugin's version. */
  readonly version: string;
  /** The manifest's path or URL; `undefined` for one given as an object. */
  readonly source: string | undefined;
  /** What the plugin runs in. */
  readonly runtime: PythonRuntime | DenoRuntime;
  /** The folder in which the worker runs, as an absolute path; `undefined` for the host's own working directory. */
  readonly cwd: string | undefined;
  /** Environment variables of the worker, which are a Python plugin's process's and a Deno plugin's own. */
  readonly env: Readonly<Record<string, string>>;
  /** The variables by which a Deno plugin's manifest would configure the runtime itself, for which it takes the host's policy. */
  readonly runtimeVariables: readonly {
    /** What it is called. */
    readonly name: string;
    /** Whether its value is the host's own. */
    readonly isInherited: boolean;
    /** Where the manifest names it, for example `$.env_vars.DENO_V8_FLAGS`. */
    readonly place: string;
  }[];
  /** What a manager initializes the plugin with when nobody has configured it: the defaults in a manifest of the original. */
  readonly defaultConfig?: Readonly<Record<string, unknown>> | undefined;
  /** Names of host variables that the worker may see besides the default ones; `true` for all. */
  readonly inheritEnv: true | readonly string[];
  /** `undefined` when the manifest leaves the choice to the host. */
  readonly transport: "unix" | "tcp" | undefined;
  /** How many calls one worker runs at once; where they run in batches, how many batches. */
  readonly maxConcurrency: number;
  /** How one worker gathers calls; `undefined` where each runs alone. */
  readonly batch: BatchLimits | undefined;
  /** How long the start may take, in milliseconds; `undefined` when the start may take as long as it gives signs of life. */
  readonly startTimeoutMs: number | undefined;
  /** How long a call may be silent, in milliseconds; `undefined` when silence has no limit. */
  readonly idleTimeoutMs: number | undefined;
  /** Whether a worker that ends by itself is started again. */
  readonly restart: RestartPolicy;
  /** What one worker needs, in MiB; 0 when the manifest does not say. */
  readonly memory: { readonly systemMb: number; readonly gpuMb: number };
  /** What one worker is held to, in MiB and as a number; `undefined` where there is no limit. */
  readonly limits: { readonly memoryMb: number | undefined; readonly processes: number | undefined };
  /** What looks wrong in the manifest and does no harm, for example an unknown key. */
  readonly warnings: readonly string[];
}
