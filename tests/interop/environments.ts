/**
 * The two environments with the original's packages, and what the tests have found in them.
 *
 * @module
 */
import { type Manifest, RemotePluginProxy } from "@remote-plugin/proxy";
import { fromFileUrl, join } from "@std/path";

/** The folder of the environments; the task that runs the tests has made them. */
export const FOLDER: string = Deno.env.get("REMOTE_PLUGIN_INTEROP") ?? "out/interop";

/** The folder with the first release that has a worker, for the import path. */
export const FIRST_RELEASE: string = join(FOLDER, "first_release");

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

/** Starts a plugin of an environment, with a folder for its data if it needs one. */
export async function startIn(
  environment: Environment,
  manifest: Partial<Manifest> & PluginPlace,
  data?: string,
): Promise<RemotePluginProxy> {
  return await RemotePluginProxy.start(manifestIn(environment, manifest, data));
}

/** The two keys that every manifest has. */
export type PluginPlace = Pick<Manifest, "module"> & { readonly class: string };

/** A manifest for a plugin of an environment, or of the folder `plugins/` here. */
export function manifestIn(environment: Environment, manifest: Partial<Manifest> & PluginPlace, data?: string): Manifest {
  const names = ["CJM_PLUGIN_DATA_DIR", "PLUGIN_DATA_DIR", "CJM_CAPABILITY_DATA_DIR", "CAPABILITY_DATA_DIR"];
  const folders = data === undefined ? {} : Object.fromEntries(names.map((name) => [name, data]));
  const env_vars = { ...folders, PYTHONDONTWRITEBYTECODE: "1", ...manifest.env_vars };
  const plugin_path = fromFileUrl(new URL("plugins", import.meta.url));
  return { python_path: pythonOf(environment), plugin_path, ...manifest, env_vars };
}
