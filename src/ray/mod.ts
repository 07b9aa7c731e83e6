/**
 * Plugins on a Ray cluster.
 *
 * @module
 */
export type { InlineEnvironment } from "../manifest/manifest.ts";
export type { HostNeeds } from "../permissions/required.ts";
export type { Launcher, LauncherData } from "../process/launcher.ts";
export { ray } from "./launcher.ts";
export type { AgentAddress, RayCode, RayEnvironment, RayOptions, RayResources, RayToken } from "./options.ts";
