/**
 * Plugins on a Ray cluster.
 *
 * @module
 */
export { ray } from "./launcher.ts";
export type { AgentAddress, RayCode, RayEnvironment, RayOptions, RayResources, RayToken } from "./options.ts";
