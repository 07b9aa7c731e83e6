/**
 * Finds the manifests that the tools of `cjm-plugin-system` and `cjm-substrate` have written.
 *
 * @module
 */
import { dirname, join, resolve } from "@std/path";
import { ManifestError } from "../errors.ts";
import { findManifests } from "./find.ts";

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
 */
export function cjmManifestFolders(): string[] {
  const local = resolve(".cjm");
  return [...new Set([local, dataFolder()])].flatMap((folder) => folder === undefined ? [] : [join(folder, "manifests")]);
}

/**
 * Finds the plugins whose manifests lie in these folders.
 *
 * @param folders Default: {@linkcode cjmManifestFolders}. Folders that are not there are left out.
 * @throws {Deno.errors.NotCapable} When the host may not read a folder that was given.
 *
 * @example
 * ```ts no-eval
 * import { discoverManifests, RemotePluginProxy } from "@remote-plugin/proxy";
 *
 * const { manifests } = await discoverManifests();
 * for (const { name, path } of manifests) {
 *   await using plugin = await RemotePluginProxy.start(path);
 *   console.log(name, await plugin.getConfigSchema());
 * }
 * ```
 */
export async function discoverManifests(folders: readonly string[] = cjmManifestFolders().filter(mayRead)): Promise<FoundManifests> {
  const manifests = new Map<string, FoundManifest>();
  const problems: ManifestError[] = [];
  for await (const { path, ...outcome } of findManifests(folders)) {
    if ("spec" in outcome) {
      const { name } = outcome.spec;
      if (!manifests.has(name)) manifests.set(name, { name, path });
    } else if (outcome.error instanceof ManifestError) problems.push(outcome.error);
    else throw outcome.error;
  }
  return { manifests: [...manifests.values()], problems };
}

function dataFolder(): string | undefined {
  const named = hostVariable("CJM_DATA_DIR");
  if (named !== undefined) return resolve(named);
  const project = nearest("cjm.yaml");
  const inProject = project === undefined ? undefined : dataFolderIn(project);
  if (inProject !== undefined) return inProject;
  const marker = nearest("cjm-workspace.yaml");
  const workspace = hostVariable("CJM_WORKSPACE") ?? (marker === undefined ? undefined : dirname(marker));
  if (workspace !== undefined) return resolve(workspace, ".cjm");
  const home = hostVariable("HOME") ?? hostVariable("USERPROFILE");
  return home === undefined ? undefined : join(home, ".cjm");
}

/** The one line that matters here needs no parser of YAML. */
function dataFolderIn(project: string): string | undefined {
  const [, value] =
    /^data_dir:[ \t]*(?:"([^"]*)"|'([^']*)'|([^#\r\n]*))/m.exec(Deno.readTextFileSync(project))?.filter((one) => one !== undefined) ?? [];
  return value === undefined || value.trim() === "" ? undefined : resolve(dirname(project), value.trim());
}

function nearest(name: string): string | undefined {
  for (let folder = resolve(".");; folder = dirname(folder)) {
    const path = join(folder, name);
    if (mayRead(path) && isFile(path)) return path;
    if (dirname(folder) === folder) return undefined;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function hostVariable(variable: string): string | undefined {
  const value = Deno.permissions.querySync({ name: "env", variable }).state === "granted" ? Deno.env.get(variable) : undefined;
  return value === "" ? undefined : value;
}

function mayRead(path: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}
