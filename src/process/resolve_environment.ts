/**
 * The interpreter of a plugin whose manifest says what its environment is made from.
 *
 * @module
 */
import { noteUse } from "../environments/find.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import { demandMaking, placeOf } from "../permissions/required.ts";
import type { LaunchOptions } from "./launcher.ts";

/** What the making depends on. */
interface EnvironmentStart extends LaunchOptions {
  /** Aborting it gives that up. */
  readonly signal: AbortSignal;
}

/**
 * The plugin with the interpreter of its environment, which is made when it is not there, or when what was put into it has been removed. A plugin whose
 * manifest names an interpreter stays as it is.
 *
 * @throws {PermissionDeniedError} When the host may not look for it or make it; nothing was started then.
 * @throws {WorkerStartError} When it cannot be made; nothing of it is left then.
 */
export async function resolveEnvironment(plugin: PluginSpec, options: EnvironmentStart): Promise<PluginSpec> {
  const place = await placeOf(plugin);
  if (place === undefined) return plugin;
  const { spec, folder, state } = place;
  if (state !== "ready") {
    demandMaking(spec, options);
    // Only where one is made: the others need not load it.
    const { makeEnvironment } = await import("../environments/make.ts");
    await makeEnvironment(spec, place, { ...options, wheelsOnly: demandsBounds(options) });
  }
  noteUse(folder);
  return spec;
}

/** Whether the host itself demands bounds. A manifest that asks for some can as well ask for none. */
function demandsBounds({ bounds }: LaunchOptions): boolean {
  return bounds === "required" || bounds === "kernel";
}
