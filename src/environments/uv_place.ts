/**
 * Where `uv` is looked for, and where it is brought to.
 *
 * @module
 */
import { isAbsolute, join } from "@std/path";
import { hostVariable, isGranted } from "../manifest/host_access.ts";
import { findProgram } from "../manifest/programs.ts";
import { userCache } from "../manifest/user_cache.ts";

/** The version that is brought where there is none. */
export const UV_VERSION = "0.13.9";

/** The Python that brings it. */
export const PYTHON: string = Deno.build.os === "windows" ? "python" : "python3";

/** The programs that a host has to be allowed to run in order to make environments: `uv`, or those that bring it. */
export function uvPrograms(): string[] {
  const named = hostVariable("UV");
  if (named !== undefined) return [named];
  const found = findProgram("uv");
  if (found !== undefined && isAbsolute(found)) return ["uv"];
  const bringing = [PYTHON, ...[broughtUv()].filter((path) => path !== undefined)];
  // A host that may not look into the folders of PATH does not know, and Deno does not count a permission for a program that is not there.
  const isUnknown = found !== undefined || hostVariable("PATH") === undefined;
  if (!isUnknown) return bringing;
  return [["uv"], bringing].find(mayRun) ?? ["uv", ...bringing];
}

/** Whether the host may run all of these. */
export function mayRun(programs: readonly string[]): boolean {
  return programs.every((command) => isGranted({ name: "run", command }));
}

/** Where `uv` is brought to. */
export function broughtUv(): string | undefined {
  const folder = uvFolder();
  return folder && (Deno.build.os === "windows" ? join(folder, "bin", "uv.exe") : join(folder, "bin", "uv"));
}

/** The folder of the one that is brought. */
export function uvFolder(): string | undefined {
  const cache = userCache();
  return cache && join(cache, "remote-plugin", `uv-${UV_VERSION}`);
}
