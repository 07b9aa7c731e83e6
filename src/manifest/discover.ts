/**
 * Finds the manifests that the tools of `cjm-plugin-system` and `cjm-substrate` have written.
 *
 * @module
 */
import { resolve } from "@std/path";
import { ManifestError } from "../errors.ts";
import { dataFolder } from "./cjm_config.ts";
import { findManifests } from "./find.ts";
import { mayRead } from "./host_access.ts";
import { manifestFolderIn } from "./names.ts";

/** A manifest that was found. */
export interface FoundManifest {
  /** The plugin's name. */
  readonly name: string;
  /** The manifest's path, for `RemotePluginProxy.start()`. */
  readonly path: string;
}

/** The manifests that were found, and what is wrong with the others. */
export interface FoundManifests {
  /** In the order of the folders, by name. */
  readonly manifests: readonly FoundManifest[];
  /** One for each file that cannot be used. */
  readonly problems: readonly ManifestError[];
}

/**
 * The folders in which the original's tools keep manifests, those that come first shadowing the others: `.cjm/manifests` in the working directory,
 * then that of `CJM_DATA_DIR`, of the nearest `cjm.yaml`, of the workspace (`CJM_WORKSPACE`, or the nearest `cjm-workspace.yaml`), or of the home
 * folder. What the host may not read is left out.
 *
 * @throws {ManifestError} When a `cjm.yaml` is no YAML.
 */
export async function cjmManifestFolders(): Promise<string[]> {
  const local = resolve(".cjm");
  return [...new Set([local, await dataFolder()])].flatMap((folder) => folder === undefined ? [] : [manifestFolderIn(folder)]);
}

/**
 * Finds the plugins whose manifests lie in these folders.
 *
 * @param folders Default: {@linkcode cjmManifestFolders}. Folders that are not there are left out.
 * @throws {Deno.errors.NotCapable} When the host may not read a folder that was given.
 *
 * @example
 * ```ts no-eval
 * import { RemotePluginProxy } from "@remote-plugin/proxy";
 * import { discoverManifests } from "@remote-plugin/proxy/manager";
 *
 * const { manifests } = await discoverManifests();
 * for (const { name, path } of manifests) {
 *   await using plugin = await RemotePluginProxy.start(path);
 *   console.log(name, await plugin.getConfigSchema());
 * }
 * ```
 */
export async function discoverManifests(folders?: readonly string[]): Promise<FoundManifests> {
  const manifests = new Map<string, FoundManifest>();
  const problems: ManifestError[] = [];
  for await (const found of findManifests(folders ?? (await cjmManifestFolders()).filter(mayRead))) {
    if ("spec" in found) {
      if (!manifests.has(found.spec.name)) manifests.set(found.spec.name, { name: found.spec.name, path: found.path });
    } else if (found.error instanceof ManifestError) problems.push(found.error);
    else throw found.error;
  }
  return { manifests: [...manifests.values()], problems };
}
