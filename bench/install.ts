/**
 * Brings the peers from PyPI and npm, each into a folder of its own that later runs use again.
 *
 * @module
 */
import { pathOf, registryFlags } from "@remote-plugin/tools/registry";
import { capture } from "@remote-plugin/tools/run";
import { emptyDir, exists } from "@std/fs";
import type { Recipe } from "./peers.ts";

/** A peer that can be started. */
export interface Installed {
  /** Its folder. */
  readonly folder: string;
  /** The interpreter of its environment, when it has one. */
  readonly python: string | undefined;
  /** The versions, in words. */
  readonly version: string;
}

/** Where the peers are. */
export const PEERS_FOLDER: string = pathOf("out/bench/");

/** Installs what a recipe asks for, unless that is there already. Throws an error whose message says why it cannot. */
export async function install(recipe: Recipe, basePython: string): Promise<Installed> {
  const folder = PEERS_FOLDER + recipe.folder;
  const python = recipe.venv === undefined ? undefined : `${folder}/venv/${Deno.build.os === "windows" ? "Scripts" : "bin"}/python`;
  const stamp = `${folder}/installed.json`;
  const wanted = JSON.stringify({ ...recipe, basePython });
  const known = await readStamp(stamp, wanted);
  if (known !== undefined) return { folder, python, version: known };
  // What an earlier run has left half done, or another interpreter has made, is no good.
  await emptyDir(folder);
  const versions = [];
  if (recipe.venv) await run([basePython, "-m", "venv", `${folder}/venv`]);
  if (recipe.npm !== undefined) versions.push(await installNpm(recipe.npm, folder));
  if (recipe.pip !== undefined) versions.push(await installPip(recipe.pip, python!));
  const version = versions.join(", ");
  await Deno.writeTextFile(stamp, JSON.stringify({ wanted, version }));
  return { folder, python, version };
}

/** Makes the program that Node runs for a peer, in the folder that has the peer's packages. */
export async function bundleForNode(folder: string): Promise<string> {
  const program = `${folder}/bench.mjs`;
  const entry = pathOf("bench/driver/node_main.ts");
  await run([Deno.execPath(), "bundle", "--quiet", ...registryFlags("npm"), "--platform", "deno", "--output", program, entry]);
  return program;
}

async function installPip(wanted: string, python: string): Promise<string> {
  // The original asks for Python 3.12, and runs on earlier ones unchanged.
  const options = ["--quiet", "--disable-pip-version-check", "--ignore-requires-python"];
  await run([python, "-m", "pip", "install", ...options, wanted]);
  const name = wanted.split("==")[0]!;
  return `${name} ${(await run([python, "-c", `import importlib.metadata as m; print(m.version("${name}"))`])).trim()}`;
}

async function installNpm(wanted: string, folder: string): Promise<string> {
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify({ private: true }));
  await run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", wanted], folder);
  const { version } = JSON.parse(await Deno.readTextFile(`${folder}/node_modules/${wanted}/package.json`));
  return `${wanted} ${version}`;
}

async function run(command: readonly string[], cwd?: string): Promise<string> {
  const { code, stdout, output } = await capture(command, { cwd });
  if (code === 0) return stdout;
  throw new Error(`"${command.slice(0, 4).join(" ")} …" failed: ${output.trim().split("\n").at(-1)}`);
}

async function readStamp(path: string, wanted: string): Promise<string | undefined> {
  if (!await exists(path)) return undefined;
  const stamp = JSON.parse(await Deno.readTextFile(path));
  return stamp.wanted === wanted ? stamp.version : undefined;
}
