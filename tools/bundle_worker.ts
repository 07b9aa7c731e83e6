/**
 * Bundles the Deno worker: to load some thirty modules takes as long as to start a thread. And the thread that checks configurations: what is in a text
 * needs no permission to be loaded.
 *
 * ```text
 * deno task embed
 * deno run --allow-read --allow-run tools/bundle_worker.ts --check   # exits with 1 when the bundle is stale
 * ```
 *
 * @module
 */
import { readIfThere } from "./embed_worker.ts";

const ROOT = new URL("../", import.meta.url);
const COMMAND = "deno task embed";

/** The entry of the control thread, and what it has the plugin's thread import. */
const ENTRIES = ["main", "plugin_thread", "plugin_surroundings"];

/** A module in the place of others. */
interface Bundle {
  /** From the repository's folder. */
  readonly target: string;
  readonly text: () => Promise<string>;
}

const BUNDLES: readonly Bundle[] = [
  ...ENTRIES.map((name) => ({ target: `src/worker/deno_bundle/${name}.js`, text: () => workerBundle(name) })),
  { target: "src/manager/schema_thread_source.ts", text: schemaThread },
];

/** The worker imports nothing but its own modules, so that no import map is needed, and what one would say of others cannot matter. */
async function workerBundle(name: string): Promise<string> {
  return `// Generated from deno/${name}.ts. Do not edit; run: ${COMMAND}\n${await bundle(`src/worker/deno/${name}.ts`)}`;
}

async function schemaThread(): Promise<string> {
  const source = await bundle("src/manager/schema_thread.ts", ["--minify", "--import-map", new URL("tools/npm_imports.json", ROOT).href]);
  return [
    "// deno-fmt-ignore-file",
    `// Generated from schema_thread.ts, with @cfworker/json-schema (MIT, Copyright (c) 2020 Jeremy Danyow). Do not edit; run: ${COMMAND}`,
    "",
    "/** The source of the thread. */",
    `export const SCHEMA_THREAD_SOURCE: string = ${JSON.stringify(source.trim())};`,
    "",
  ].join("\n");
}

async function bundle(path: string, options: readonly string[] = []): Promise<string> {
  const args = ["bundle", "--quiet", "--no-config", "--no-lock", "--platform", "deno", ...options, new URL(path, ROOT).href];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, stdin: "null", env: { NO_COLOR: "1" } }).output();
  if (!success) throw new Error(`Cannot bundle "${path}": ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout);
}

if (import.meta.main) {
  for (const { target, text } of BUNDLES) {
    const file = new URL(target, ROOT);
    const wanted = await text();
    if (await readIfThere(file) === wanted) continue;
    if (Deno.args.includes("--check")) {
      console.error(`${target} is stale; run: ${COMMAND}`);
      Deno.exit(1);
    }
    await Deno.mkdir(new URL(".", file), { recursive: true });
    await Deno.writeTextFile(file, wanted);
  }
}
