/**
 * Makes the plugins of a manager reachable over HTTP, for programs that cannot start a process.
 *
 * @example
 * ```ts no-eval
 * import { createGateway } from "@remote-plugin/proxy/gateway";
 * import { PluginManager } from "@remote-plugin/proxy/manager";
 *
 * await using manager = await PluginManager.create({ folders: ["./plugins"] });
 * await Deno.serve({ port: 8000 }, createGateway(manager, { token: Deno.env.get("TOKEN")! })).finished;
 * ```
 *
 * @module
 */
export { createGateway } from "./gateway.ts";
export type { GatewayHandler } from "./gateway.ts";
export { accessLog } from "./observing/access_log.ts";
export type { AccessLogLine } from "./observing/access_log.ts";
export type { GatewayRequestInfo } from "./context.ts";
export { LogFeed } from "./observing/log_feed.ts";
export type { PluginLine } from "./observing/log_feed.ts";
export type { CallObserver, CallOutcome, ObservedCall } from "./observing/observer.ts";
export { SlowClientError } from "./reply/reply.ts";
export type { GatewayLimits, GatewayOptions } from "./options.ts";
