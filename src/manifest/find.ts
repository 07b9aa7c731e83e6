/**
 * Finds manifests in folders, and reads them.
 *
 * @module
 */
import { join, relative, resolve } from "@std/path";
import { PluginError } from "../errors.ts";
import { loadManifest } from "./load.ts";
import type { PluginSpec } from "./manifest.ts";
import { isAmongManifests, isManifestFolder, isManifestName, PLUGIN_FILE } from "./names.ts";

/** A manifest that was found: read, or with the reason why it cannot be used. */
export type ManifestFile = { readonly path: string; readonly spec: PluginSpec } | { readonly path: string; readonly error: PluginError };

/** How many files are read at once. */
const AT_ONCE = 64;

/**
 * Reads the manifests of folders: the `*.json` files of each folder and of its `manifests` folder, where `cjm-plugin-system` keeps them, and a
 * `plugin.json` in each other folder in it. Links count as what they lead to. Other JSON, for example a `deno.json`, is passed over, and so are the
 * manifests of task adapters, which lie beside those of plugins. A plugin in one folder hides the same version of it in a later one. A folder that is
 * not there has none.
 *
 * @throws {Deno.errors.NotCapable} When a folder may not be read.
 */
export async function* findManifests(folders: readonly string[]): AsyncGenerator<ManifestFile, void, void> {
  const known = new Set<string>();
  for (const candidates of await candidatesOf(folders)) {
    const paths = await distinct(candidates);
    const own: string[] = [];
    for (let at = 0; at < paths.length; at += AT_ONCE) {
      for (const found of await Promise.all(paths.slice(at, at + AT_ONCE).map(read))) {
        if (found === undefined) continue;
        const plugin = "spec" in found ? `${found.spec.name}@${found.spec.version}` : undefined;
        if (plugin !== undefined && known.has(plugin)) continue;
        if (plugin !== undefined) own.push(plugin);
        yield found;
      }
    }
    own.forEach((plugin) => known.add(plugin));
  }
}

/** Where manifests may lie, whether there is one or not. */
export interface Candidates {
  /** The folder that was searched. */
  readonly folder: string;
  /** The paths of the files. */
  readonly paths: readonly string[];
}

/** Where manifests may lie in each folder, no path twice. */
export async function candidatesOf(folders: readonly string[]): Promise<Candidates[]> {
  const seen = new Set<string>();
  const all = await Promise.all(folders.map((folder) => candidates(resolve(folder))));
  return all.map(({ folder, paths }) => ({ folder, paths: paths.filter((path) => !seen.has(path) && seen.add(path)) }));
}

async function candidates(folder: string): Promise<Candidates> {
  const own: string[] = [];
  const nested: Promise<string[]>[] = [];
  for (const entry of await entriesOf(folder)) {
    const { name } = entry;
    const path = join(folder, name);
    if (name.startsWith(".") || name === "node_modules") continue;
    if (!await isFolder(path, entry)) own.push(...isManifestName(name) ? [path] : []);
    else if (isManifestFolder(path)) nested.push(jsonFiles(path));
    else nested.push(Promise.resolve([join(path, PLUGIN_FILE)]));
  }
  return { folder, paths: [...own.sort(), ...(await Promise.all(nested)).flat().sort()] };
}

/** A link that cannot be followed, for whatever reason, leads to no folder. */
async function isFolder(path: string, { isDirectory, isSymlink }: Deno.DirEntry): Promise<boolean> {
  return isDirectory || isSymlink && await Deno.stat(path).then((found) => found.isDirectory, () => false);
}

/** A file with several paths is one manifest, by the path on which there is no link, if there is one. */
async function distinct({ folder, paths }: Candidates): Promise<string[]> {
  const root = await realPathOf(folder);
  const chosen = new Map<string, string>();
  for (const { path, real } of await Promise.all(paths.map(async (path) => ({ path, real: await realPathOf(path) })))) {
    if (!chosen.has(real) || join(root, relative(folder, path)) === real) chosen.set(real, path);
  }
  const wanted = new Set(chosen.values());
  return paths.filter((path) => wanted.has(path));
}

/** What is not there, or cannot be followed, has no other path than this one. */
async function realPathOf(path: string): Promise<string> {
  return await Deno.realPath(path).catch(() => path);
}

async function jsonFiles(folder: string): Promise<string[]> {
  return (await entriesOf(folder)).filter(({ name }) => isManifestName(name)).map(({ name }) => join(folder, name));
}

async function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.FilesystemLoop) return [];
    throw error;
  }
}

async function read(path: string): Promise<ManifestFile | undefined> {
  try {
    return { path, spec: await loadManifest(path) };
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    if (error.cause instanceof Deno.errors.NotFound || !await claimsToBeManifest(path)) return undefined;
    return { path, error };
  }
}

/** Whether what cannot be used was meant to be a manifest: some half-written JSON, an object with one of its keys, or anything in a folder for them. */
async function claimsToBeManifest(path: string): Promise<boolean> {
  try {
    const value: unknown = JSON.parse(await Deno.readTextFile(path));
    if (typeof value !== "object" || value === null) return isAmongManifests(path);
    // Manifests of task adapters lie beside those of plugins.
    if ("unit" in value && value.unit === "adapter") return false;
    return isAmongManifests(path) || ["module", "class", "python_path", "install"].some((key) => key in value);
  } catch (error) {
    return error instanceof SyntaxError;
  }
}
