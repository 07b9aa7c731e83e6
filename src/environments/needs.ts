/**
 * What a host needs in order to find or make an environment.
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";
import { CACHE_VARIABLES } from "../manifest/user_cache.ts";
import type { EnvironmentSource } from "../manifest/manifest.ts";
import { hostVariable } from "../manifest/host_access.ts";
import { environmentsFolder } from "./environment.ts";
import { uvPrograms } from "./uv_place.ts";

/** What finding takes: the variables that name the folder for caches, that folder, and what the environment is made from. */
export function findingNeeds(source: EnvironmentSource): Deno.PermissionDescriptor[] {
  const variables = CACHE_VARIABLES.map((variable) => ({ name: "env", variable }) as const);
  const folders = [environmentsFolder()].filter((path) => path !== undefined);
  const paths = source.kind === "path" ? [...filesOf(source.path), ...folders] : folders;
  return [...variables, ...paths.map((path) => ({ name: "read", path }) as const)];
}

/** The file and what may be its lock. What is below a folder goes with it. */
function filesOf(path: string): string[] {
  return basename(path) === "pyproject.toml" ? [path, join(dirname(path), "uv.lock")] : [path, `${path}.lock`];
}

/** What making takes besides: the variable that names `uv`, if one does, the folder in which it is made and `uv` is brought to, and the programs. */
export function makingNeeds(): Deno.PermissionDescriptor[] {
  const root = environmentsFolder();
  const folders = root === undefined ? [] : [dirname(root)];
  const isNamed = hostVariable("UV") !== undefined;
  return [
    ...(isNamed ? [{ name: "env", variable: "UV" } as const] : []),
    ...folders.flatMap((path) => [{ name: "read", path }, { name: "write", path }] as const),
    ...uvPrograms().map((command) => ({ name: "run", command }) as const),
  ];
}
