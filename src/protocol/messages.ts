/**
 * What host and worker say to each other: the start and hello lines, the endpoints, and the error body. `docs/protocol.md` is the normative text.
 *
 * @module
 */
import type { Address } from "./address.ts";
import type { BatchLimits } from "./batch.ts";

/** The media type that asks for, and announces, a framed reply. */
export const FRAMES_MEDIA_TYPE = "application/vnd.remote-plugin+ndjson";

/** The request header that carries a call's id. */
export const CALL_ID_HEADER = "remote-plugin-call";

/** The request header with which a host says that it shares the worker's scratch folders. */
export const FILES_HEADER = "remote-plugin-files";

/** What a call's id looks like. */
export const CALL_ID: RegExp = /^[\x21-\x7e]{1,128}$/;

/** The word of one whose plugin's methods can be called by their names. */
export const METHODS_FEATURE = "methods";

/** Frames that a worker had held back on one of its connections when it ended. */
export interface HeldFrames {
  /** What the host has called the connection. */
  readonly connection: string;
  /** How many bytes of that connection, counted from its upgrade, come before them. */
  readonly at: number;
  /** The frames, each with its line's end. */
  readonly frames: string;
}

/**
 * A set of permissions: `true` is all, a list is these, a missing key is none. A Python plugin has `read`, `write`, `net`, whose entries are ports such as
 * `:443`, and `run`, which is `true` or nothing.
 */
export interface PermissionSet {
  /** Files and folders that may be read. */
  readonly read?: true | readonly string[];
  /** Files and folders that may be written. */
  readonly write?: true | readonly string[];
  /** Hosts, with or without a port. Python: ports, each with a colon before it. */
  readonly net?: true | readonly string[];
  /** Environment variables. */
  readonly env?: true | readonly string[];
  /** Programs that may be started. Python: all or none. */
  readonly run?: true | readonly string[];
  /** Dynamic libraries. */
  readonly ffi?: true | readonly string[];
  /** Facts about the system, as `Deno.permissions` names them. */
  readonly sys?: true | readonly string[];
  /** Hosts from which code may be imported. */
  readonly import?: true | readonly string[];
}

/** What the worker must know of its plugin. */
export interface PluginTarget {
  /** What its manifest calls it. */
  readonly name: string;
  /** Its version there. */
  readonly version: string;
  /** Python: an import path. Deno: the module's URL. */
  readonly module: string;
  /** Python: a class name. Deno: the name of an export. Left out where one of the two below is there. */
  readonly class?: string;
  /** A function that is the plugin: `execute` calls it. */
  readonly function?: string;
  /** A class or function of the module, whichever has the name; `true` for the one that the module has. */
  readonly entry?: string | true;
  /** Python: folders that come first on the import path. */
  readonly path: readonly string[];
  /** Python: task adapters to bind to the plugin, each `module:Class`. */
  readonly adapters?: readonly string[];
  /** Deno: what the plugin's own thread may do. */
  readonly permissions?: PermissionSet;
  /**
   * Environment variables that the plugin and the programs that it starts see, and that the worker's process does not have. Python: for a worker that
   * binds itself.
   */
  readonly env?: Readonly<Record<string, string>>;
}

/** What the kernel holds a worker's process to, which the worker asks it for before any plugin code runs. Paths are absolute. */
export interface KernelBounds {
  /** Files and folders that may be read, besides what the runtime itself needs. */
  readonly read: readonly string[];
  /** Files and folders that may be written, and folders in which some may be made and removed. */
  readonly write: readonly string[];
  /** Where the places of `read` and `write` have to lie once their links are followed; anywhere for `true` or nothing. */
  readonly within?: { readonly read?: true | readonly string[]; readonly write?: true | readonly string[] };
  /** No network, all of it, or TCP connections to these ports. */
  readonly net: boolean | readonly number[];
  /** Whether programs may be started. */
  readonly run: boolean;
  /** The folder that the plugin comes from. Its modules lie in there, or where it may read. */
  readonly home?: string;
  /** Whether the worker tells what the plugin tries, in its log. */
  readonly audit: boolean;
  /** Whether the plugin is held to all this; otherwise it is only told what would be refused. */
  readonly hold: boolean;
}

/** Bounds that the worker keeps. */
export interface WorkerLimits {
  /** How many calls run at once. */
  readonly max_concurrency: number;
  /** The longest request body, in bytes. */
  readonly max_body_bytes: number;
  /** How long a cancelled call may take to stop by itself, in milliseconds. */
  readonly cancel_grace_ms: number;
  /** How calls are gathered; each runs alone when it is left out. */
  readonly batch?: BatchLimits;
  /** The most bytes that the files in the scratch folders may have; none when it is left out. */
  readonly scratch_quota?: number;
  /** The most memory that each of its processes may have, in bytes; no limit when it is left out. */
  readonly memory?: number;
  /** The most processes and threads that it may have; no limit when it is left out. */
  readonly processes?: number;
}

/** The one line that the host writes to the worker's standard input. */
export interface StartMessage {
  /** The version of the wire. */
  readonly protocol: number;
  /** The bearer token that every request has to carry. */
  readonly token: string;
  /** Where to listen. A TCP port is the worker's to choose. */
  readonly listen: Address;
  /** What to load. */
  readonly plugin: PluginTarget;
  /** Python: the module of a worker of the environment's own, to be run instead. */
  readonly foreign?: string;
  /** What to keep within. */
  readonly limits: WorkerLimits;
  /** What the kernel holds the worker to; a worker that cannot have that ends with an error of the code `bounds`. Nothing when it is left out. */
  readonly bounds?: KernelBounds;
  /** A folder of the worker's own, for files. */
  readonly scratch: string;
  /** Another one in memory, preferred for what fits into it. */
  readonly memory_scratch?: string;
  /** The folder that holds all of the worker's files; the worker removes it and the one in memory when it ends, for its host may be gone. */
  readonly folder?: string;
}

/** The one line that the worker writes when it listens. */
export interface HelloMessage {
  /** The version of the wire. */
  readonly protocol: number;
  /** Where it listens. */
  readonly address: Address;
  /** The process in which the plugin runs. */
  readonly pid: number;
  /** Which worker this is, and its version, for example `python/0.1.0`. */
  readonly worker: string;
  /** What it can besides what every worker can. */
  readonly features: readonly string[];
  /** By what the kernel holds the worker to its bounds, for example `landlock`; left out by a worker that was told none. */
  readonly bounds?: string;
}

/** What the worker writes instead of a {@linkcode HelloMessage} when it cannot start. */
export interface StartFailure {
  /** The version of the wire. */
  readonly protocol: number;
  /** Why. */
  readonly error: ErrorBody;
}

/** Why a call failed, as a word that programs can compare. */
export type ErrorCode =
  | "plugin_error"
  | "load_error"
  | "bad_result"
  | "cancelled"
  | "not_supported"
  | "plugin_exit"
  | "bad_start"
  | "bounds";

/** An error on the wire. The last five keys are the original's; only the first four must be there. */
export interface ErrorBody {
  /** Why the call failed, as a word that programs can compare. */
  readonly code: ErrorCode;
  /** The class of the exception. */
  readonly type: string;
  /** The exception's own message. */
  readonly message: string;
  /** The traceback or stack, empty when there is none. */
  readonly traceback: string;
  /** `user_input`, `transient`, `resource` or `fatal`. */
  readonly category?: string;
  /** Whether the same call may succeed later. */
  readonly retriable?: boolean;
  /** The exception as Python prints it. */
  readonly original_exc_repr?: string;
  /** The plugin's name. */
  readonly plugin_name?: string;
  /** When it happened, in ISO 8601. */
  readonly occurred_at?: string;
  /** The callback whose error it is, where a function of the host's had failed. */
  readonly callback?: number;
  /** Of a call of a method that is not there: the names of those that are. */
  readonly known?: readonly string[];
}

/** The result of `GET /ready`. */
export interface ReadyBody {
  /** The plugin's name, as it says itself. */
  readonly name: string;
  /** The plugin's version, as it says itself. */
  readonly version: string;
  /** The methods of section 3 of the protocol that the plugin itself has, for example `["execute", "initialize"]`. */
  readonly methods: readonly string[];
}

/** The result of `GET /health`. */
export interface HealthBody {
  /** What has become of the plugin. */
  readonly status: "loading" | "running" | "failed";
  /** The process in which the plugin runs. */
  readonly pid: number;
  /** The plugin's name. */
  readonly name: string;
  /** The plugin's version. */
  readonly version: string;
  /** The version of the wire. */
  readonly protocol: number;
  /** How many calls run at once; where they run in batches, how many batches. */
  readonly max_concurrency: number;
  /** How calls are gathered; left out where each runs alone. */
  readonly batch?: BatchLimits;
  /** How many calls run and wait. */
  readonly calls: { readonly running: number; readonly queued: number };
  /** What it can do besides, as in the hello line, for hosts that have not heard that one. */
  readonly features?: readonly string[];
}

/** The result of `GET /stats`. */
export interface StatsBody {
  /** The process in which the plugin runs. */
  readonly pid: number;
  /** Processor time since the call before, in percent of one core. */
  readonly cpu_percent: number;
  /** Resident memory, in MiB. */
  readonly memory_rss_mb: number;
  /** The GPU memory that the plugin says it uses, in MiB. */
  readonly gpu_memory_mb?: number;
  /** How long the worker has been there, in seconds. */
  readonly uptime_s: number;
  /** Calls that run, wait, and have ended. */
  readonly calls: { readonly running: number; readonly queued: number; readonly finished: number };
  /** What a plugin of `cjm-substrate` says that its last call has used of a service, by unit, for example `{ input_tokens: 12 }`. */
  readonly usage?: Readonly<Record<string, number>> | null;
}

/** The result of `GET /progress`. */
export interface ProgressBody {
  /** From 0 to 1, or -1 when the plugin cannot tell. */
  readonly progress: number;
  /** What the plugin is at, in its own words. */
  readonly message: string;
}

/** What one method takes and gives, in JSON Schema. What is not known is left out. */
export interface MethodSignature {
  /** What it does, for people. */
  readonly description?: string;
  /** The keyword arguments: a schema of an object. */
  readonly arguments?: Readonly<Record<string, unknown>>;
  /** The positional arguments, where there are some that cannot be given by name: a schema of an array. */
  readonly positional?: Readonly<Record<string, unknown>>;
  /** What it gives. */
  readonly result?: Readonly<Record<string, unknown>>;
  /** What it gives one by one, where it does that. */
  readonly chunk?: Readonly<Record<string, unknown>>;
}

/** The result of `GET /signatures`. A method that the plugin lacks is left out. */
export interface SignaturesBody {
  /** What `execute` takes, and its result. */
  readonly execute?: MethodSignature;
  /** What `executeStream` takes, and its chunks. */
  readonly execute_stream?: MethodSignature;
  /** What the methods take and give that can be called by their names; left out when there are none. */
  readonly methods?: Readonly<Record<string, MethodSignature>>;
}
