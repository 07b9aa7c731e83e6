/**
 * Where the bare names come from: the npm registry (`tools/npm_imports.json`), or JSR (`deno.json`), each with a lock file of its own.
 *
 * @module
 */

/** The registry that a run takes its packages from. */
export type Lane = "npm" | "jsr";

/** The repository's root folder, ending in a slash. */
export const ROOT: URL = new URL("../", import.meta.url);

/** The path of a `file:` URL, or of what stands at a path relative to the root, for programs that take paths and no URLs. */
export function pathOf(url: URL | string): string {
  const path = decodeURIComponent(new URL(url, ROOT).pathname);
  return Deno.build.os === "windows" ? path.slice(1).replaceAll("/", "\\") : path;
}

/** The URL of a folder, ending in a slash. */
export function folderUrl(path: string): URL {
  const slashed = path.replaceAll("\\", "/");
  return new URL(`file://${slashed.startsWith("/") ? "" : "/"}${encodeURI(slashed)}/`);
}

/** The lock file of each lane. */
const LOCKS: Readonly<Record<Lane, string>> = { npm: "tools/npm.lock", jsr: "deno.lock" };

/**
 * The flags of `deno test`, `check`, `run` and `doc` for a lane.
 *
 * @throws {Error} On CI (the variable `CI` is set), where the lock file has to be there and complete.
 */
export function laneFlags(lane: Lane): string[] {
  const lock = LOCKS[lane];
  const map = lane === "npm" ? ["--import-map", pathOf("tools/npm_imports.json")] : [];
  return [...map, "--lock", pathOf(lock), ...(Deno.env.get("CI") ? frozen(lane) : [])];
}

function frozen(lane: Lane): string[] {
  if (exists(LOCKS[lane])) return ["--frozen"];
  throw new Error(
    `"${LOCKS[lane]}" is missing. Run "deno task test --lane ${lane}" where its registry is reached and CI is not set, and commit the file`,
  );
}

/**
 * The packages of a lane, without this package itself. Those of npm are partly adapters, which a copy of the package has in its folder `npm/`, as
 * `tools/` has.
 */
export function packagesOf(lane: Lane, folder?: URL): Record<string, string> {
  const { name, imports: own } = readJson("deno.json");
  if (lane === "jsr") return own as Record<string, string>;
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

/**
 * Copies what is published to an empty folder, with a `deno.json` that takes its packages from a lane. It is needed because Deno reads the imports of
 * a file with the `deno.json` above that file, whoever imports it.
 */
export async function copyPackage(folder: URL, lane: Lane): Promise<void> {
  const config = readJson("deno.json");
  const { include } = config.publish as { include: string[] };
  for (const path of include) await copy(new URL(path, ROOT), new URL(path, folder));
  if (lane === "npm") await copy(new URL("tools/npm/", ROOT), new URL("npm/", folder));
  const publish = { ...config.publish as object, include: [...include, "npm/"] };
  const own = { ...config, imports: packagesOf(lane), lint: {}, publish };
  await Deno.writeTextFile(new URL("deno.json", folder), JSON.stringify(own, null, 2));
}

async function copy(from: URL, to: URL): Promise<void> {
  if (!from.href.endsWith("/")) return await Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const entry = encodeURIComponent(name) + (isDirectory ? "/" : "");
    if (name !== "__pycache__") await copy(new URL(entry, from), new URL(entry, to));
  }
}

/** The parsed text of a JSON file in the repository. */
export function readJson(path: string): Record<string, unknown> {
  return JSON.parse(Deno.readTextFileSync(new URL(path, ROOT)));
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(new URL(path, ROOT)).isFile;
  } catch {
    return false;
  }
}
