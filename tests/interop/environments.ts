/**
 * The two environments with the original's packages, and what the tests have found in them.
 *
 * @module
 */
import { join } from "@std/path";
import { type Manifest, RemotePluginProxy, type StartOptions } from "@remote-plugin/proxy";
import { fromFileUrl } from "@std/path";

/** The folder of the environments; the task that runs the tests has made them. */
export const FOLDER: string = Deno.env.get("REMOTE_PLUGIN_INTEROP") ?? "out/interop";

/** An environment, and the worker that it brings along. */
export interface Environment {
  readonly name: "plugin_system" | "substrate";
  readonly worker: string;
  /** The package with the worker, and its version. */
  readonly label: string;
}

/** The environments. */
export const ENVIRONMENTS: readonly Environment[] = [
  { name: "plugin_system", worker: "cjm_plugin_system.core.worker", label: "cjm-plugin-system 0.0.46" },
  { name: "substrate", worker: "cjm_substrate.core.worker", label: "cjm-substrate 0.0.74" },
];

/** The interpreter of an environment. */
export function pythonOf({ name }: Pick<Environment, "name">): string {
  return join(FOLDER, name, "bin", "python");
}

/** Both workers that a plugin of an environment can run on. */
export function workersOf(environment: Environment): readonly { readonly worker: string; readonly label: string }[] {
  return [{ worker: "builtin", label: "ours" }, { worker: environment.worker, label: "theirs" }];
}

/** Starts a plugin of an environment, with a folder of its own for data. */
export async function startIn(
  environment: Environment,
  manifest: Partial<Manifest> & { module: string; class: string },
  options: StartOptions & { data?: string } = {},
): Promise<RemotePluginProxy> {
  const { data = await Deno.makeTempDir({ prefix: "data-" }), ...rest } = options;
  const folders = { CJM_PLUGIN_DATA_DIR: data, PLUGIN_DATA_DIR: data, CJM_CAPABILITY_DATA_DIR: data, CAPABILITY_DATA_DIR: data };
  const env_vars = { ...folders, PYTHONDONTWRITEBYTECODE: "1", ...manifest.env_vars };
  const plugin_path = fromFileUrl(new URL("plugins", import.meta.url));
  const plugin = await RemotePluginProxy.start({ python_path: pythonOf(environment), plugin_path, ...manifest, env_vars }, rest);
  if (options.data === undefined) void plugin.exited.then(() => Deno.remove(data, { recursive: true }));
  return plugin;
}
