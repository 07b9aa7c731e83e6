/**
 * What manifests are called.
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";
import { scriptReference } from "./script.ts";

/** The folder in a folder in which each `*.json` may be a manifest: there `cjm-plugin-system` keeps them. */
const MANIFESTS = "manifests";

/** The manifest in a plugin's own folder. */
export const PLUGIN_FILE = "plugin.json";

/** Files of other tools, which have no `module` either, but are not always strict JSON. */
const FOREIGN: ReadonlySet<string> = new Set(["deno.json", "package.json", "package-lock.json", "tsconfig.json", "jsconfig.json"]);

/** Whether a file of this name may be a manifest. */
export function isManifestName(name: string): boolean {
  return name.endsWith(".json") && !name.startsWith(".") && !FOREIGN.has(name);
}

/** Whether a user who writes this means the path of a manifest or a script, and not a plugin's name. */
export function isManifestPath(reference: string): boolean {
  return /[\\/]/.test(reference) || reference.endsWith(".json") || scriptReference(reference) !== undefined;
}

/** Whether a folder is named as one in which nothing but manifests lies. */
export function isManifestFolder(folder: string): boolean {
  return basename(folder) === MANIFESTS;
}

/** The folder for manifests in another one. */
export function manifestFolderIn(folder: string): string {
  return join(folder, MANIFESTS);
}

/** Whether a file lies among manifests, whatever is in it. */
export function isAmongManifests(path: string): boolean {
  return isManifestFolder(dirname(path));
}
