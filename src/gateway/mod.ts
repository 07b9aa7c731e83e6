/**
 * Makes the plugins of a manager reachable over HTTP.
 *
 * @module
 */
export { createGateway } from "./gateway.ts";
export type { GatewayHandler, GatewayOptions, GatewayRequestInfo } from "./gateway.ts";
