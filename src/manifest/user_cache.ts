/**
 * Where a user's programs keep what can be made again.
 *
 * @module
 */
import { isAbsolute, join } from "@std/path";
import { hostVariable } from "./host_access.ts";

/** The user's folder for caches, as far as the host may read the variables that name it. The same as the Python worker's, `cache_folder()` in start.py. */
export function userCache(): string | undefined {
  if (Deno.build.os === "windows") return hostVariable("LOCALAPPDATA");
  const named = hostVariable("XDG_CACHE_HOME");
  if (named !== undefined && isAbsolute(named)) return named;
  const home = hostVariable("HOME");
  return home === undefined ? undefined : join(home, Deno.build.os === "darwin" ? "Library/Caches" : ".cache");
}

/** The variables by which {@linkcode userCache} finds it. */
export const CACHE_VARIABLES: readonly string[] = Deno.build.os === "windows" ? ["LOCALAPPDATA"] : ["XDG_CACHE_HOME", "HOME"];
