/**
 * The launcher whose workers are processes of this machine.
 *
 * @module
 */
import type { PluginSpec } from "../manifest/manifest.ts";
import { LOCAL_NEEDS } from "../permissions/required.ts";
import type { LaunchedWorker, Launcher, LaunchOptions, LaunchWatch } from "./launcher.ts";
import { resolveEnvironment } from "./resolve_environment.ts";
import { WorkerProcess } from "./worker_process.ts";

/** Starts workers as processes of this machine. */
export const LOCAL_LAUNCHER: Launcher = { ...LOCAL_NEEDS, isLocal: true, launch };

async function launch(plugin: PluginSpec, options: LaunchOptions, watch: LaunchWatch): Promise<LaunchedWorker> {
  // Its time is no worker's: to fetch a large library takes minutes.
  const spec = await resolveEnvironment(plugin, { ...options, signal: watch.signal });
  watch.onBegin();
  return await WorkerProcess.launch(spec, options, watch);
}
