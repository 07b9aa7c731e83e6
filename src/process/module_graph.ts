/**
 * Which files of a Deno plugin's own code there are. Its worker cannot tell what a thread of it has loaded, and Deno itself can.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import type { DenoRuntime, PluginSpec } from "../manifest/manifest.ts";
import { containsPath } from "../permissions/grant.ts";
import { workerProgram } from "../permissions/required.ts";
import { parseJson } from "../protocol/json.ts";
import { moduleSettings, pluginFolder } from "./command.ts";

/** What is read of what `deno info --json` says. A module that cannot be read has no `local`. */
interface ModuleGraph {
  readonly modules?: readonly { readonly specifier?: unknown }[];
}

/** The files below the plugin's folder that its module imports, at once or later, as they are written now. None for a plugin from the network. */
export async function localModules(spec: PluginSpec, runtime: DenoRuntime, signal: AbortSignal): Promise<readonly string[]> {
  const folder = pluginFolder(spec, runtime);
  if (folder === undefined) return [];
  const { map } = moduleSettings(spec, runtime);
  const importMap = `data:application/json,${encodeURIComponent(JSON.stringify(map))}`;
  const offline = ["--quiet", "--no-lock", "--node-modules-dir=none", "--no-remote", "--no-npm", "--no-config"];
  const args = ["info", "--json", ...offline, `--import-map=${importMap}`, runtime.module];
  const { stdout } = await new Deno.Command(workerProgram(spec), { args, signal, stdin: "null", stderr: "null" }).output();
  const { modules = [] } = (parseJson(new TextDecoder().decode(stdout)) ?? {}) as ModuleGraph;
  const files = modules.flatMap(({ specifier }) => typeof specifier === "string" && isFile(specifier) ? [fromFileUrl(specifier)] : []);
  return [...new Set([fromFileUrl(runtime.module), ...files])].filter((file) => containsPath(folder, file));
}

function isFile(specifier: string): boolean {
  return specifier.startsWith("file:");
}
