/**
 * Many plugins in one host. The manager finds them in folders, starts each when it is first called, and ends all of them.
 *
 * @example
 * ```ts no-eval
 * import { PluginManager } from "@remote-plugin/proxy/manager";
 *
 * await using manager = await PluginManager.create({ folders: ["./plugins"] });
 * console.log(await manager.get("whisper").execute({ audio: "/tmp/talk.wav" }));
 * ```
 *
 * @module
 */
export { PluginManager } from "./plugin_manager.ts";
export type { GetOptions, UnloadOptions } from "./plugin_manager.ts";
export type { ManifestProblem } from "./manifest_changes.ts";
export type { ManagerOptions, MemoryBudget, PluginSettings, Replicas } from "./options.ts";
export type { ManagerEvent, PluginEvent, StopReason, WorkerName } from "./events.ts";
export type { CallStats, LatencyPercentiles, ManagerStats, PluginInfo, PluginState, PluginStats, WorkerStats } from "./info.ts";
export { cjmManifestFolders, discoverManifests } from "../manifest/discover.ts";
export type { FoundManifest, FoundManifests } from "../manifest/discover.ts";
export type {
  BatchSettings,
  DenoRuntime,
  EnvironmentSource,
  InlineEnvironment,
  PluginEntry,
  PluginResources,
  PluginSpec,
  PythonRuntime,
  RestartMode,
  RestartPolicy,
  RestartSettings,
  WorkerVariable,
} from "../manifest/manifest.ts";
