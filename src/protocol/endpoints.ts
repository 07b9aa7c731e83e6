/**
 * The endpoints of section 3 of `docs/protocol.md`: the one table of them, for host and worker.
 *
 * @module
 */

/** How an endpoint is reached, and what a request to it is. */
export interface EndpointRule {
  /** The method of HTTP. */
  readonly method: "GET" | "POST";
  /** Whether a request to it is a call: it waits for a turn, and runs the plugin's code. */
  readonly isCall: boolean;
}

/** The name of an endpoint: its path without the slash. */
export type Endpoint =
  | "ready"
  | "health"
  | "stats"
  | "progress"
  | "cancel"
  | "in_use"
  | "callback"
  | "config_schema"
  | "config"
  | "signatures"
  | "initialize"
  | "execute"
  | "execute_stream"
  | "prefetch"
  | "reconfigure"
  | "cleanup";

/** Every endpoint that each worker has. */
export const ENDPOINTS = {
  ready: { method: "GET", isCall: false },
  health: { method: "GET", isCall: false },
  stats: { method: "GET", isCall: false },
  progress: { method: "GET", isCall: false },
  cancel: { method: "POST", isCall: false },
  in_use: { method: "POST", isCall: false },
  callback: { method: "POST", isCall: false },
  config_schema: { method: "GET", isCall: false },
  config: { method: "GET", isCall: false },
  signatures: { method: "GET", isCall: false },
  initialize: { method: "POST", isCall: true },
  execute: { method: "POST", isCall: true },
  execute_stream: { method: "POST", isCall: true },
  prefetch: { method: "POST", isCall: true },
  reconfigure: { method: "POST", isCall: true },
  cleanup: { method: "POST", isCall: true },
} as const satisfies Record<Endpoint, EndpointRule>;

/** The name of an endpoint of the original's that not every worker has. */
export type ExtensionEndpoint =
  | "task"
  | "on_enable"
  | "on_disable"
  | "config_options"
  | "structural_surface"
  | "get_system_status"
  | "list_processes";

/** What workers with the feature `extensions` answer besides: endpoints that the original's later releases have. */
export const EXTENSIONS = {
  task: { method: "POST", isCall: true },
  on_enable: { method: "POST", isCall: true },
  on_disable: { method: "POST", isCall: true },
  config_options: { method: "GET", isCall: false },
  structural_surface: { method: "GET", isCall: false },
  get_system_status: { method: "POST", isCall: true },
  list_processes: { method: "POST", isCall: true },
} as const satisfies Record<ExtensionEndpoint, EndpointRule>;

/** The endpoints whose requests are calls. */
export type CallEndpoint = { [Name in Endpoint]: (typeof ENDPOINTS)[Name]["isCall"] extends true ? Name : never }[Endpoint];

/** Whether a name is that of an endpoint that each worker has. */
export function isEndpoint(name: string): name is Endpoint {
  return Object.hasOwn(ENDPOINTS, name);
}

/** Whether a request to an endpoint that each worker has is a call. */
export function isCallEndpoint(name: string): name is CallEndpoint {
  return isEndpoint(name) && ENDPOINTS[name].isCall;
}

/** How an endpoint is reached, and what a request to it is. */
export function endpointRule(endpoint: Endpoint | ExtensionEndpoint): EndpointRule {
  return isEndpoint(endpoint) ? ENDPOINTS[endpoint] : EXTENSIONS[endpoint];
}
