/**
 * Where the bare names come from: the npm registry (`tools/npm_imports.json`), or JSR (`deno.json`), each with a lock file of its own.
 *
 * @module
 */

/** The registry that a run takes its packages from. */
export type Lane = "npm" | "jsr";

/** The repository's root folder, ending in a slash. */
export const ROOT: URL = new URL("../", import.meta.url);

/** A path in the repository, for programs that take paths and no URLs. */
export function pathOf(url: URL | string): string {
  const path = decodeURIComponent(new URL(url, ROOT).pathname);
  return Deno.build.os === "windows" ? path.slice(1).replaceAll("/", "\\") : path;
}

/** The flags of `deno test`, `check`, `run` and `doc` for a lane. On CI (the variable `CI` is set) a lock file that is there has to be complete. */
export function laneFlags(lane: Lane): string[] {
  const lock = lane === "npm" ? "tools/npm.lock" : "deno.lock";
  const map = lane === "npm" ? ["--import-map", pathOf("tools/npm_imports.json")] : [];
  return [...map, "--lock", pathOf(lock), ...(Deno.env.get("CI") && exists(lock) ? ["--frozen"] : [])];
}

/** An import map that gives a program outside the repository what `deno add` would have given it, from these sources. */
export function importsFor(lane: Lane): Record<string, string> {
  const config = readJson("deno.json");
  const own = entries(config.exports).map(([key, path]): [string, string] => [`${config.name}${key.slice(1)}`, path]);
  const map = lane === "npm" ? entries(readJson("tools/npm_imports.json").imports) : [...entries(config.imports), ...own];
  const base = new URL(lane === "npm" ? "tools/" : "./", ROOT);
  return Object.fromEntries(map.map(([name, target]) => [name, target.startsWith(".") ? new URL(target, base).href : target]));
}

/** Like {@linkcode importsFor} for npm, with packages alone: without the typed adapters in `tools/npm/`, and without this package itself. */
export function npmPackages(): Record<string, string> {
  const { "deno-std/": standard = "", ...imports } = importsFor("npm");
  const packages = Object.entries(imports).map(([name, target]): [string, string] => {
    return [name, name.startsWith("@std/") ? `${standard.replace("npm:/", "npm:")}${name.slice("@std/".length)}/mod.js` : target];
  });
  return Object.fromEntries(packages.filter(([, target]) => target.startsWith("npm:")));
}

/** The parsed text of a JSON file in the repository. */
export function readJson(path: string): Record<string, unknown> {
  return JSON.parse(Deno.readTextFileSync(new URL(path, ROOT)));
}

function entries(value: unknown): [string, string][] {
  return Object.entries(value as Record<string, string>);
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(new URL(path, ROOT)).isFile;
  } catch {
    return false;
  }
}
