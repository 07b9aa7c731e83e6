/**
 * Writes programs into modules, as texts. The Deno worker is one for each thread, for to load some thirty modules takes as long as to start a thread; the host
 * writes them to each worker's own folder, so that no plugin and no cache can put anything in their place. And the thread that checks configurations: what is
 * in a text needs no permission to be loaded.
 *
 * ```text
 * deno task embed
 * deno run --allow-read --allow-run tools/bundle_worker.ts --check   # exits with 1 when one is stale
 * ```
 *
 * @module
 */
import { readIfThere, toLiteral } from "./embed_worker.ts";

const ROOT = new URL("../", import.meta.url);
const COMMAND = "deno task embed";

/** The worker's programs by the names of their files: the control thread's, what it has the plugin's thread import, and what plugins import. */
const WORKER_FILES: Readonly<Record<string, string>> = {
  "main.mjs": "deno/main.ts",
  "plugin_thread.mjs": "deno/plugin_thread.ts",
  "plugin_surroundings.mjs": "deno/plugin_surroundings.ts",
  "plugin_author.mjs": "mod.ts",
};

/** What is written, by its place in the repository's folder. */
const TARGETS: Readonly<Record<string, () => Promise<string>>> = {
  "src/worker/generated/deno_worker.ts": worker,
  "src/worker/generated/schema_thread.ts": schemaThread,
};

/** The worker imports nothing but its own modules, so that no import map is needed, and what one would say of others cannot matter. */
async function worker(): Promise<string> {
  const entries = await Promise.all(
    Object.entries(WORKER_FILES).map(async ([name, source]) => [name, source, toLiteral(await bundle(`src/worker/${source}`))] as const),
  );
  return [
    "// deno-fmt-ignore-file",
    `// Generated from the files in deno/. Do not edit; run: ${COMMAND}`,
    "",
    "/** The Deno worker: the files that its folder has to hold, by their names. */",
    "export const DENO_WORKER_FILES: Readonly<Record<string, string>> = {",
    ...entries.map(([name, source, text]) => `  // ${source}\n  ${JSON.stringify(name)}: ${text},`),
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
