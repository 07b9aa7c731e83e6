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
  | "sources"
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
  sources: { method: "GET", isCall: false },
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

/** One of the plugin's methods by its name, percent-encoded: `call/` for its result, `stream/` for what it yields. Workers with the feature `methods` have these. */
export type MethodEndpoint = `${MethodKind}/${string}`;

/** How a method is called by its name. */
export type MethodKind = "call" | "stream";

/** All that a request may ask for. */
export type RequestEndpoint = Endpoint | ExtensionEndpoint | MethodEndpoint;

/** The endpoints whose requests are calls. */
export type CallEndpoint =
  | { [Name in Endpoint]: (typeof ENDPOINTS)[Name]["isCall"] extends true ? Name : never }[Endpoint]
  | MethodEndpoint;

const METHOD: EndpointRule = { method: "POST", isCall: true };

/** The longest name of a method, in characters. */
const MAX_METHOD_LENGTH = 200;

/** Whether a name is that of an endpoint that each worker has. */
export function isEndpoint(name: string): name is Endpoint {
  return Object.hasOwn(ENDPOINTS, name);
}

/** Whether a name is that of a method's endpoint. */
export function isMethodEndpoint(name: string): name is MethodEndpoint {
  return name.startsWith("call/") || name.startsWith("stream/");
}

/** The endpoint of a method. What cannot be the name of one, or a part of a URL's path, leads to an endpoint without a name, for which no plugin has a method. */
export function methodEndpoint(kind: MethodKind, name: string): MethodEndpoint {
  const isName = typeof name === "string" && name.length <= MAX_METHOD_LENGTH && name !== "." && name !== ".." && name.isWellFormed();
  return `${kind}/${isName ? encodeURIComponent(name) : ""}`;
}

/** The method that an endpoint names. */
export function methodName(endpoint: MethodEndpoint): string {
  return decodeURIComponent(endpoint.slice(endpoint.indexOf("/") + 1));
}

/** What runs a method of the plugin's with the arguments of the request. */
export type CalledEndpoint = "execute" | "execute_stream" | MethodEndpoint;

/** Whether an endpoint runs one of the plugin's methods, with the arguments of the request. */
export function takesArguments(endpoint: string): endpoint is CalledEndpoint {
  return endpoint === "execute" || endpoint === "execute_stream" || isMethodEndpoint(endpoint);
}

/** Whether what an endpoint gives comes piece by piece. */
export function isStreamEndpoint(endpoint: string): boolean {
  return endpoint === "execute_stream" || endpoint.startsWith("stream/");
}

/** Whether a request to an endpoint of the plugin's own is a call. */
export function isCallEndpoint(name: string): name is CallEndpoint {
  return isEndpoint(name) ? ENDPOINTS[name].isCall : isMethodEndpoint(name);
}

/** How an endpoint is reached, and what a request to it is. */
export function endpointRule(endpoint: RequestEndpoint): EndpointRule {
  // A method's endpoint is made anew for each call, and to look for it in a table would take longer than this.
  if (isMethodEndpoint(endpoint)) return METHOD;
  return isEndpoint(endpoint) ? ENDPOINTS[endpoint] : EXTENSIONS[endpoint];
}
