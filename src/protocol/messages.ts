/**
 * What host and worker say to each other: the start and hello lines, the endpoints, and the error body. `docs/protocol.md` is the normative text.
 *
 * @module
 */

/** The version of the wire that this package speaks. */
export const PROTOCOL_VERSION = 1;

/** The media type that asks for, and announces, a framed reply. */
export const FRAMES_MEDIA_TYPE = "application/vnd.remote-plugin+ndjson";

/** The request header that carries a call's id. */
export const CALL_ID_HEADER = "remote-plugin-call";

/** The longest start or hello line, in bytes. */
export const MAX_CONTROL_LINE_BYTES: number = 1024 * 1024;

/** The longest request line with headers, in bytes. */
export const MAX_HEADER_BYTES: number = 64 * 1024;

/** Where a worker listens. `tcp` is `host:port` in the hello line, and the host alone in the start line. */
export type Address = { readonly unix: string } | { readonly tcp: string };

/** A set of Deno permissions: `true` is all, a list is these, a missing key is none. */
export interface PermissionSet {
  readonly read?: true | readonly string[];
  readonly write?: true | readonly string[];
  readonly net?: true | readonly string[];
  readonly env?: true | readonly string[];
  readonly run?: true | readonly string[];
  readonly ffi?: true | readonly string[];
  readonly sys?: true | readonly string[];
  readonly import?: true | readonly string[];
}

/** What the worker must know of its plugin. */
export interface PluginTarget {
  readonly name: string;
  readonly version: string;
  /** Python: an import path. Deno: the module's URL. */
  readonly module: string;
  /** Python: a class name. Deno: the name of an export. */
  readonly class: string;
  /** Python: folders that come first on the import path. */
  readonly path: readonly string[];
  /** Deno: what the plugin's own thread may do. */
  readonly permissions?: PermissionSet;
}

/** Bounds that the worker keeps. */
export interface WorkerLimits {
  /** How many calls run at once. */
  readonly max_concurrency: number;
  /** The longest request body, in bytes. */
  readonly max_body_bytes: number;
  /** How long a cancelled call may take to stop by itself, in milliseconds. */
  readonly cancel_grace_ms: number;
}

/** The one line that the host writes to the worker's standard input. */
export interface StartMessage {
  readonly protocol: number;
  readonly token: string;
  readonly listen: Address;
  readonly plugin: PluginTarget;
  readonly limits: WorkerLimits;
  /** A folder of the worker's own, for files. */
  readonly scratch: string;
}

/** The one line that the worker writes when it listens. */
export interface HelloMessage {
  readonly protocol: number;
  readonly address: Address;
  readonly pid: number;
  /** Which worker this is, and its version, for example `python/0.1.0`. */
  readonly worker: string;
  readonly features: readonly string[];
}

/** What the worker writes instead of a {@linkcode HelloMessage} when it cannot start. */
export interface StartFailure {
  readonly protocol: number;
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
  | "bad_start";

/** An error on the wire. The last five keys are the original's; only the first four must be there. */
export interface ErrorBody {
  readonly code: ErrorCode;
  /** The class of the exception. */
  readonly type: string;
  readonly message: string;
  /** The traceback or stack, empty when there is none. */
  readonly traceback: string;
  readonly category?: string;
  readonly retriable?: boolean;
  readonly original_exc_repr?: string;
  readonly plugin_name?: string;
  readonly occurred_at?: string;
}

/** The result of `GET /ready`. */
export interface ReadyBody {
  readonly name: string;
  readonly version: string;
  /** The methods of section 3 of the protocol that the plugin itself has, for example `["execute", "initialize"]`. */
  readonly methods: readonly string[];
}

/** The result of `GET /health`. */
export interface HealthBody {
  readonly status: "loading" | "running" | "failed";
  readonly pid: number;
  readonly name: string;
  readonly version: string;
  readonly protocol: number;
  readonly max_concurrency: number;
  readonly calls: { readonly running: number; readonly queued: number };
}

/** The result of `GET /stats`. */
export interface StatsBody {
  readonly pid: number;
  /** Processor time since the call before, in percent of one core. */
  readonly cpu_percent: number;
  readonly memory_rss_mb: number;
  readonly uptime_s: number;
  readonly calls: { readonly running: number; readonly queued: number; readonly finished: number };
}

/** The result of `GET /progress`. */
export interface ProgressBody {
  /** From 0 to 1, or -1 when the plugin cannot tell. */
  readonly progress: number;
  readonly message: string;
}

/** One endpoint: how it is reached, and whether it takes one of the plugin's places. */
export interface EndpointRule {
  readonly method: "GET" | "POST";
  readonly isCall: boolean;
}

/** Every endpoint of section 3 of the protocol, by its path without the slash. */
export const ENDPOINTS = {
  ready: { method: "GET", isCall: false },
  health: { method: "GET", isCall: false },
  stats: { method: "GET", isCall: false },
  progress: { method: "GET", isCall: false },
  cancel: { method: "POST", isCall: false },
  config_schema: { method: "GET", isCall: false },
  config: { method: "GET", isCall: false },
  initialize: { method: "POST", isCall: true },
  execute: { method: "POST", isCall: true },
  execute_stream: { method: "POST", isCall: true },
  prefetch: { method: "POST", isCall: true },
  reconfigure: { method: "POST", isCall: true },
  cleanup: { method: "POST", isCall: true },
} as const satisfies Record<string, EndpointRule>;

/** The name of an endpoint. */
export type Endpoint = keyof typeof ENDPOINTS;
