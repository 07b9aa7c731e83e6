/**
 * The launcher whose workers are jobs of a Ray cluster.
 *
 * @module
 */
import type { Launcher, LauncherData } from "../process/launcher.ts";
import { Cluster } from "./cluster.ts";
import { launchOnRay } from "./launch.ts";
import { neededForRay } from "./needed.ts";
import { type RayOptions, settingsOf } from "./options.ts";

/**
 * Has plugins run on a Ray cluster: each worker is a job, which Ray places by its resources. Calls go straight to the worker's node.
 *
 * @param options Where the cluster is, and what workers need there.
 * @throws {TypeError} When an option cannot be what is meant.
 *
 * @example
 * ```ts
 * import { requiredPermissions } from "@remote-plugin/proxy";
 * import { ray } from "@remote-plugin/proxy/ray";
 *
 * const launcher = ray({ dashboard: "http://head:8265", token: { env: "RAY_AUTH_TOKEN" }, resources: { gpus: 0.5 }, nodes: ["10.0.0.0/8"] });
 * const manifest = { module: "whisper_plugin", class: "WhisperPlugin", plugin_path: "/srv/plugins" };
 * const needed = await requiredPermissions(manifest, { launcher });
 * console.log(needed.toFlags()); // what `RemotePluginProxy.start(manifest, { launcher })` takes
 * ```
 */
export function ray(options: RayOptions): Launcher {
  const cluster = new Cluster(settingsOf(options));
  return {
    isLocal: false,
    neededPermissions: (spec, plan) => neededForRay(spec, plan, cluster.settings),
    launch: (spec, launchOptions, watch) => launchOnRay(spec, cluster, { options: launchOptions, watch }),
    asData: () => asData(options),
  };
}

/** A thread of its own has no function of this one. */
function asData(options: RayOptions): LauncherData {
  const functions = (["token", "reach"] as const).filter((name) => typeof options[name] === "function");
  if (functions.length === 0) return { module: import.meta.url, options };
  const advice = functions.includes("token") ? 'Give "token" as a text, { env: "NAME" } or { file: "PATH" }' : 'Leave "reach" out';
  throw new TypeError(
    `A blocking proxy starts its launcher in a thread of its own, which cannot call "${functions.join('" and "')}" of ray(). ${advice}`,
  );
}

/** Makes the launcher anew, for the thread of a blocking proxy. */
export function launcherFrom(options: unknown): Launcher {
  return ray(options as RayOptions);
}
