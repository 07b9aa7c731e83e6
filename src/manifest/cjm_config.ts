/**
 * Where the tools of `cjm-plugin-system` and `cjm-substrate` keep things, as their `cjm.yaml`, workspace marker and variables say.
 *
 * @module
 */
import { dirname, join, resolve } from "@std/path";
import { ManifestError } from "../errors.ts";
import { isRecord } from "../protocol/json.ts";
import { hostVariable, mayRead } from "./host_access.ts";

/** The folder above `manifests/`: of `CJM_DATA_DIR`, of `cjm.yaml`, of the workspace, or of the home folder. */
export async function dataFolder(): Promise<string | undefined> {
  const named = hostVariable("CJM_DATA_DIR");
  if (named !== undefined) return resolve(named);
  const inProject = await folderIn(projectFile(), "data_dir");
  if (inProject !== undefined) return inProject;
  const workspace = workspaceFolder();
  if (workspace !== undefined) return join(workspace, ".cjm");
  const home = hostVariable("HOME") ?? hostVariable("USERPROFILE");
  return home === undefined ? undefined : join(home, ".cjm");
}

/** The folder for models: of the project's `cjm.yaml`, or of the one nearest to a manifest. */
export async function modelsFolder(manifestFolder: string): Promise<string | undefined> {
  return await folderIn(projectFile() ?? nearest("cjm.yaml", manifestFolder), "models_dir");
}

/** The folder that owns a pipeline's data: that of `CJM_WORKSPACE`, or the nearest with a marker. */
export function workspaceFolder(): string | undefined {
  const named = hostVariable("CJM_WORKSPACE");
  if (named !== undefined) return resolve(named);
  const marker = nearest("cjm-workspace.yaml");
  return marker === undefined ? undefined : dirname(marker);
}

/** The nearest `cjm.yaml`, or that of the workspace. */
function projectFile(): string | undefined {
  const workspace = workspaceFolder();
  const inWorkspace = workspace === undefined ? undefined : join(workspace, "cjm.yaml");
  return nearest("cjm.yaml") ?? (inWorkspace !== undefined && mayRead(inWorkspace) && isFile(inWorkspace) ? inWorkspace : undefined);
}

async function folderIn(project: string | undefined, key: "data_dir" | "models_dir"): Promise<string | undefined> {
  if (project === undefined) return undefined;
  const settings = await readYaml(project);
  const folder = isRecord(settings) ? settings[key] : undefined;
  return typeof folder === "string" && folder !== "" ? resolve(dirname(project), folder) : undefined;
}

async function readYaml(path: string): Promise<unknown> {
  // Only where there is such a file: it is not worth the start of all other programs.
  const { parse } = await import("@std/yaml");
  try {
    return parse(await Deno.readTextFile(path));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new ManifestError(`Cannot use "${path}": it is no YAML (${cause.message})`, { plugin: path, source: path, cause });
  }
}

function nearest(name: string, from = "."): string | undefined {
  for (let folder = resolve(from);; folder = dirname(folder)) {
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
