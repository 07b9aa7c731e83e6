/**
 * Writes programs into modules, as texts, because a published package can import nothing else: the Python worker, the agent of a Ray job, the Deno worker,
 * and the thread that checks configurations.
 *
 * ```text
 * deno task embed
 * deno run --allow-read --allow-run tools/embed.ts --check   # exits with 1 when one is stale
 * ```
 *
 * @module
 */
import { MEDIA_TYPES } from "../src/protocol/media_types.ts";
import { PACKAGE_VERSION } from "../src/protocol/version.ts";

const ROOT = new URL("../", import.meta.url);
const COMMAND = "deno task embed";

/** The Deno worker's programs by the names of their files: the control thread's, what it has the plugin's thread import, and what plugins import. */
const WORKER_FILES: Readonly<Record<string, string>> = {
  "main.mjs": "deno/main.ts",
  "plugin_thread.mjs": "deno/plugin_thread.ts",
  "plugin_surroundings.mjs": "deno/plugin_surroundings.ts",
  "plugin_author.mjs": "mod.ts",
};

/** What is written, by its place in the repository's folder. */
const TARGETS: Readonly<Record<string, () => Promise<string>>> = {
  "src/worker/generated/python_worker.ts": pythonWorker,
  "src/worker/generated/ray_agent.ts": rayAgent,
  "src/worker/generated/deno_worker.ts": denoWorker,
  "src/worker/generated/schema_thread.ts": schemaThread,
};

const PYTHON = new URL("src/worker/python/", ROOT);
const PYTHON_MODULES = new URL("remote_plugin_worker/", PYTHON);
const AGENT_MODULES = new URL("ray_agent/", PYTHON);

/** Stands in front of each part of the pack but the first, before its name. `start.py` has the same mark. */
const PART_MARK = "\f";

/** Stands behind the name of a module that no start needs. `compiling.py` has the same mark. */
const LATE = " late";

/** The Python worker is one text, the pack: `start.py`, `compiling.py`, and each module of the package. `boot.py` runs it. */
async function pythonWorker(): Promise<string> {
  const modules = new Map(await Promise.all(pythonModules().map(readModule)));
  const early = neededAtStart(modules);
  const parts = [...modules].map(([name, source]) => `${name}${early.has(name) ? "" : LATE}\n${source}`);
  const [boot, start, compiling] = await Promise.all(
    ["boot.py", "start.py", "compiling.py"].map((name) => Deno.readTextFile(new URL(name, PYTHON))),
  );
  const pack = [start, `\n${compiling}`, ...parts].join(PART_MARK);
  return [
    "// deno-fmt-ignore-file",
    `// Generated from the files in python/. Do not edit; run: ${COMMAND}`,
    "",
    "/** Tells the bytecode of this worker from that of other releases. */",
    `export const PYTHON_WORKER_HASH = "${await hashOf(pack)}";`,
    "",
    "/**",
    " * What Python is told to run: the pack's first part. Python would compile the whole file at each start if it were told to run that. The entry that it makes",
    " * for a command on the import path, the current folder, goes before anything is imported.",
    " */",
    `export const PYTHON_WORKER_BOOT: string = ${toLiteral(boot!)};`,
    "",
    "/** The Python worker: `python/start.py`, and the modules of the package beside it. */",
    `export const PYTHON_WORKER_PACK: string = ${toLiteral(pack)};`,
    "",
  ].join("\n");
}

/** The agent's modules are uploaded as they are, for Python finds them in a folder. */
async function rayAgent(): Promise<string> {
  const names = [...Deno.readDirSync(AGENT_MODULES)].map(({ name }) => name).filter((name) => name.endsWith(".py")).toSorted();
  const texts = await Promise.all(names.map((name) => Deno.readTextFile(new URL(name, AGENT_MODULES))));
  return [
    "// deno-fmt-ignore-file",
    `// Generated from the files in python/ray_agent/. Do not edit; run: ${COMMAND}`,
    "",
    "/** The modules of the agent of a Ray job, by their names. */",
    "export const RAY_AGENT_FILES: Readonly<Record<string, string>> = {",
    ...names.map((name, at) => `  ${JSON.stringify(name)}: ${toLiteral(texts[at]!)},`),
    "};",
    "",
  ].join("\n");
}

function pythonModules(): string[] {
  const names = [...Deno.readDirSync(PYTHON_MODULES)].map(({ name }) => name);
  return names.filter((name) => name.endsWith(".py") && name !== "__init__.py").toSorted();
}

async function readModule(name: string): Promise<[string, string]> {
  return [name.slice(0, -".py".length), withFacts(await Deno.readTextFile(new URL(name, PYTHON_MODULES)))];
}

/** What is imported outside of functions, beginning with the module that runs. */
function neededAtStart(modules: ReadonlyMap<string, string>): Set<string> {
  const needed = new Set(["modules", "main"]);
  for (const name of needed) {
    for (const [, imported] of modules.get(name)!.matchAll(/^from \.(\w+) import/gm)) needed.add(imported!);
  }
  return needed;
}

/** What stands once, in the protocol's modules: the release, and what files hold by their names. */
function withFacts(source: string): string {
  return source
    .replace(/^(VERSION = ).*$/m, `$1${JSON.stringify(PACKAGE_VERSION)}`)
    .replace(/^(MEDIA_TYPES: .* = ).*$/m, `$1${JSON.stringify(MEDIA_TYPES)}`);
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex().slice(0, 16);
}

/** A template literal rather than a string with `\n`: a change of the worker then shows as the same change here. */
function toLiteral(text: string): string {
  return "`" + text.replaceAll(/[\\`]|\$\{/g, (match) => `\\${match}`).replaceAll(PART_MARK, "\\f") + "`";
}

/** The worker imports nothing but its own modules, so that no import map is needed, and what one would say of others cannot matter. */
async function denoWorker(): Promise<string> {
  const entries: string[] = [];
  // One after the other: on a machine that has bundled nothing yet, the first one fetches the bundler, and two at once get into each other's way.
  for (const [name, source] of Object.entries(WORKER_FILES)) {
    entries.push(`  // ${source}\n  ${JSON.stringify(name)}: ${toLiteral(await bundle(`src/worker/${source}`))},`);
  }
  return [
    "// deno-fmt-ignore-file",
    `// Generated from the files in deno/. Do not edit; run: ${COMMAND}`,
    "",
    "/** The Deno worker: the files that its folder has to hold, by their names. */",
    "export const DENO_WORKER_FILES: Readonly<Record<string, string>> = {",
    ...entries,
    "};",
    "",
  ].join("\n");
}

async function schemaThread(): Promise<string> {
  const source = await bundle("src/manager/schema_thread.ts", ["--import-map", new URL("tools/npm_imports.json", ROOT).href]);
  return [
    "// deno-fmt-ignore-file",
    `// Generated from schema_thread.ts, with @cfworker/json-schema (MIT, Copyright (c) 2020 Jeremy Danyow). Do not edit; run: ${COMMAND}`,
    "",
    "/** The source of the thread. */",
    `export const SCHEMA_THREAD_SOURCE: string = ${JSON.stringify(source.trim())};`,
    "",
  ].join("\n");
}

/** The runtime reads these texts anew at each start. Minified the worker's cost it 3 ms less. */
async function bundle(path: string, options: readonly string[] = []): Promise<string> {
  const args = ["bundle", "--quiet", "--no-config", "--no-lock", "--minify", "--platform", "deno", ...options, new URL(path, ROOT).href];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, stdin: "null", env: { NO_COLOR: "1" } }).output();
  if (!success) throw new Error(`Cannot bundle "${path}": ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout);
}

/** The text of a file; nothing when it is not there. */
async function readIfThere(file: URL): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

if (import.meta.main) {
  for (const [target, text] of Object.entries(TARGETS)) {
    const file = new URL(target, ROOT);
    const wanted = await text();
    if (await readIfThere(file) === wanted) continue;
    if (Deno.args.includes("--check")) {
      console.error(`${target} is stale; run: ${COMMAND}`);
      Deno.exit(1);
    }
    await Deno.writeTextFile(file, wanted);
  }
}
