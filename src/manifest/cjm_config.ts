/**
 * Where the tools of `cjm-plugin-system` and `cjm-substrate` keep things, as their `cjm.yaml`, workspace marker and variables say.
 *
 * @module
 */
import { dirname, join, resolve } from "@std/path";
import { hostVariable, mayRead } from "./host_access.ts";

/** The folder above `manifests/`: of `CJM_DATA_DIR`, of `cjm.yaml`, of the workspace, or of the home folder. */
export function dataFolder(): string | undefined {
  const named = hostVariable("CJM_DATA_DIR");
  if (named !== undefined) return resolve(named);
  const inProject = folderIn(projectFile(), "data_dir");
  if (inProject !== undefined) return inProject;
  const workspace = workspaceFolder();
  if (workspace !== undefined) return join(workspace, ".cjm");
  const home = hostVariable("HOME") ?? hostVariable("USERPROFILE");
  return home === undefined ? undefined : join(home, ".cjm");
}

/** The folder for models: of the project's `cjm.yaml`, or of the one nearest to a manifest. */
export function modelsFolder(manifestFolder: string): string | undefined {
  return folderIn(projectFile() ?? nearest("cjm.yaml", manifestFolder), "models_dir");
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

/** The one line that matters here needs no parser of YAML. */
function folderIn(project: string | undefined, key: "data_dir" | "models_dir"): string | undefined {
  if (project === undefined) return undefined;
  const line = new RegExp(`^${key}:[ \\t]*(?:"([^"]*)"|'([^']*)'|([^#\\r\\n]*))`, "m").exec(Deno.readTextFileSync(project)) ?? [];
  const value = (line[1] ?? line[2] ?? line[3] ?? "").trim();
  return ["", "null", "~"].includes(value) ? undefined : resolve(dirname(project), value);
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
