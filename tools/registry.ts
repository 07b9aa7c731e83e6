/**
 * Where the bare names come from: the npm registry (`tools/npm_imports.json`), or JSR (`deno.json`), each with a lock file of its own.
 *
 * It needs no package itself, for it runs before it is known where they come from.
 *
 * @module
 */
import { fileURLToPath, pathToFileURL } from "node:url";

/** The registry that a run takes its packages from. */
export type Registry = "npm" | "jsr";

/** The repository's root folder, ending in a slash. */
export const ROOT: URL = new URL("../", import.meta.url);

/** The path of a `file:` URL, or of what stands at a path relative to the root, for programs that take paths and no URLs. */
export function pathOf(url: URL | string): string {
  return fileURLToPath(new URL(url, ROOT));
}

/** The URL of a folder, ending in a slash. */
export function folderUrl(path: string): URL {
  return pathToFileURL(`${path}/`);
}

/** The parsed text of a JSON file in the repository. */
export function readJson(path: string): Record<string, unknown> {
  return JSON.parse(Deno.readTextFileSync(new URL(path, ROOT)));
}

/** The lock file of each registry. */
const LOCKS: Readonly<Record<Registry, string>> = { npm: "tools/npm.lock", jsr: "deno.lock" };

/**
 * The flags of `deno test`, `check`, `run` and `doc` for a registry.
 *
 * @throws {Error} On CI (the variable `CI` is set), where the lock file has to be there and complete.
 */
export function registryFlags(registry: Registry): string[] {
  const map = registry === "npm" ? ["--import-map", pathOf("tools/npm_imports.json")] : [];
  return [...map, "--lock", pathOf(LOCKS[registry]), ...(Deno.env.get("CI") ? frozen(registry) : [])];
}

function frozen(registry: Registry): string[] {
  if (isThere(LOCKS[registry])) return ["--frozen"];
  throw new Error(
    `"${
      LOCKS[registry]
    }" is missing. Run "deno task test --registry ${registry}" where it is reached and CI is not set, and commit the file`,
  );
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(new URL(path, ROOT)).isFile;
  } catch {
    return false;
  }
}

/**
 * The packages of a registry, without this package itself. Those of npm are partly adapters, which a copy of the package has in its folder `npm/`, as
 * `tools/` has.
 *
 * @param folder the copy; without it the adapters' places stay relative
 */
export function packagesOf(registry: Registry, folder?: URL): Record<string, string> {
  const { name, imports: own } = readJson("deno.json");
  if (registry === "jsr") return own as Record<string, string>;
  const all = Object.entries(readJson("tools/npm_imports.json").imports as Record<string, string>);
  const packages = all.filter(([key]) => !key.startsWith(name as string));
  const place = (target: string): string => folder !== undefined && target.startsWith(".") ? new URL(target, folder).href : target;
  return Object.fromEntries(packages.map(([key, target]) => [key, place(target)]));
}

/** The names by which users import this package, for a copy of it that stands in a folder. */
export function ownNames(folder: URL): Record<string, string> {
  const { name, exports } = readJson("deno.json");
  return Object.fromEntries(
    Object.entries(exports as Record<string, string>).map(([key, path]) => [`${name}${key.slice(1)}`, new URL(path, folder).href]),
  );
}
