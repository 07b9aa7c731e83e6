/**
 * Writes the files of the Python worker into a TypeScript module, because a published package can import nothing else.
 *
 * ```text
 * deno task embed
 * deno run --allow-read=src/worker tools/embed_worker.ts --check   # exits with 1 when the module is stale
 * ```
 *
 * @module
 */
const SOURCES = new URL("../src/worker/python/", import.meta.url);
const TARGET = new URL("../src/worker/generated/python_worker.ts", import.meta.url);
const COMMAND = "deno task embed";

async function toModule(): Promise<string> {
  const [worker, start, signatures] = await Promise.all(["worker.py", "start.py", "signatures.py"].map(read));
  return [
    "// deno-fmt-ignore-file",
    `// Generated from the files in python/. Do not edit; run: ${COMMAND}`,
    "",
    "/** Tells the bytecode of this worker from that of other releases. */",
    `export const PYTHON_WORKER_HASH = "${await hashOf(worker!)}";`,
    "",
    "/** The source of what starts the worker, `python/start.py`. */",
    `export const PYTHON_START_SOURCE: string = ${toLiteral(start!)};`,
    "",
    "/** The source of what the worker reads when it is asked for signatures, `python/signatures.py`. */",
    `export const PYTHON_SIGNATURES_SOURCE: string = ${toLiteral(signatures!)};`,
    "",
    "/** The source of the Python worker, `python/worker.py`. */",
    `export const PYTHON_WORKER_SOURCE: string = ${toLiteral(worker!)};`,
    "",
  ].join("\n");
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex().slice(0, 16);
}

/** The text as a literal of TypeScript. A template literal rather than a string with `\n`: a change of the worker then shows as the same change here. */
export function toLiteral(text: string): string {
  return "`" + text.replaceAll(/[\\`]|\$\{/g, (match) => `\\${match}`) + "`";
}

function read(name: string): Promise<string> {
  return Deno.readTextFile(new URL(name, SOURCES));
}

/** The text of a file; nothing when it is not there. */
export async function readIfThere(file: URL): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

if (import.meta.main) {
  const wanted = await toModule();
  const isCurrent = await readIfThere(TARGET) === wanted;
  if (!Deno.args.includes("--check")) {
    if (!isCurrent) await Deno.writeTextFile(TARGET, wanted);
  } else if (!isCurrent) {
    console.error(`src/worker/generated/python_worker.ts is stale; run: ${COMMAND}`);
    Deno.exit(1);
  }
}
