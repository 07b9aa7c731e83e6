/**
 * Writes the Python worker into a TypeScript module, because a published package can import nothing else.
 *
 * ```text
 * deno run --allow-read=src/worker --allow-write=src/worker tools/embed_worker.ts
 * deno run --allow-read=src/worker tools/embed_worker.ts --check   # exits with 1 when the module is stale
 * ```
 *
 * @module
 */
const SOURCE = new URL("../src/worker/python/worker.py", import.meta.url);
const TARGET = new URL("../src/worker/python_source.ts", import.meta.url);
const COMMAND = "deno run --allow-read=src/worker --allow-write=src/worker tools/embed_worker.ts";

function toModule(source: string): string {
  return [
    "// deno-fmt-ignore-file",
    `// Generated from python/worker.py. Do not edit; run: ${COMMAND}`,
    "",
    "/** The source of the Python worker, `python/worker.py`. */",
    `export const PYTHON_WORKER_SOURCE: string = ${toLiteral(source)};`,
    "",
  ].join("\n");
}

/** A template literal rather than a string with `\n`: a change of the worker then shows as the same change here. */
function toLiteral(text: string): string {
  return "`" + text.replaceAll(/[\\`]|\$\{/g, (match) => `\\${match}`) + "`";
}

async function readIfThere(file: URL): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

if (import.meta.main) {
  const wanted = toModule(await Deno.readTextFile(SOURCE));
  const isCurrent = await readIfThere(TARGET) === wanted;
  if (!Deno.args.includes("--check")) {
    if (!isCurrent) await Deno.writeTextFile(TARGET, wanted);
  } else if (!isCurrent) {
    console.error(`src/worker/python_source.ts is stale; run: ${COMMAND}`);
    Deno.exit(1);
  }
}
