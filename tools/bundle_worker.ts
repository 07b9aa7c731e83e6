/**
 * Bundles the Deno worker: to load some thirty modules takes as long as to start a thread.
 *
 * ```text
 * deno task embed
 * deno run --allow-read --allow-run tools/bundle_worker.ts --check   # exits with 1 when the bundle is stale
 * ```
 *
 * @module
 */
import { readIfThere } from "./embed_worker.ts";

const SOURCES = new URL("../src/worker/deno/", import.meta.url);
const TARGETS = new URL("../src/worker/deno_bundle/", import.meta.url);
const COMMAND = "deno task embed";

/** The entry of the control thread, and what it has the plugin's thread import. */
const ENTRIES = ["main", "plugin_thread", "plugin_surroundings"];

async function bundle(name: string): Promise<string> {
  // The worker imports nothing but its own modules, so that no import map is needed, and what one would say of others cannot matter.
  const args = ["bundle", "--quiet", "--no-config", "--no-lock", "--platform", "deno", new URL(`${name}.ts`, SOURCES).href];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, stdin: "null", env: { NO_COLOR: "1" } }).output();
  if (!success) throw new Error(`Cannot bundle "${name}.ts": ${new TextDecoder().decode(stderr).trim()}`);
  return `// Generated from deno/${name}.ts. Do not edit; run: ${COMMAND}\n${new TextDecoder().decode(stdout)}`;
}

if (import.meta.main) {
  for (const name of ENTRIES) {
    const target = new URL(`${name}.js`, TARGETS);
    const wanted = await bundle(name);
    if (await readIfThere(target) === wanted) continue;
    if (Deno.args.includes("--check")) {
      console.error(`src/worker/deno_bundle/${name}.js is stale; run: ${COMMAND}`);
      Deno.exit(1);
    }
    await Deno.mkdir(TARGETS, { recursive: true });
    await Deno.writeTextFile(target, wanted);
  }
}
