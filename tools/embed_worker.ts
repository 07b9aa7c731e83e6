/**
 * Writes the Python worker into TypeScript modules, because a published package can import nothing else.
 *
 * ```text
 * deno run --allow-read=src/worker --allow-write=src/worker tools/embed_worker.ts
 * deno run --allow-read=src/worker tools/embed_worker.ts --check   # exits with 1 when a module is stale
 * ```
 *
 * @module
 */
const FOLDER = new URL("../src/worker/", import.meta.url);
const COMMAND = "deno run --allow-read=src/worker --allow-write=src/worker tools/embed_worker.ts";

/** A file that becomes a module. */
interface Embedded {
  readonly source: string;
  readonly target: string;
  readonly constant: string;
  readonly about: string;
}

const EMBEDDED: readonly Embedded[] = [
  {
    source: "python/worker.py",
    target: "python_source.ts",
    constant: "PYTHON_WORKER_SOURCE",
    about: "The source of the Python worker, `python/worker.py`.",
  },
  {
    source: "python/signatures.py",
    target: "python_signatures_source.ts",
    constant: "PYTHON_SIGNATURES_SOURCE",
    about: "The source of what the Python worker reads when it is asked for signatures, `python/signatures.py`.",
  },
];

function toModule(text: string, { source, constant, about }: Embedded): string {
  return [
    "// deno-fmt-ignore-file",
    `// Generated from ${source}. Do not edit; run: ${COMMAND}`,
    "",
    `/** ${about} */`,
    `export const ${constant}: string = ${toLiteral(text)};`,
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

/** Tells whether a module is stale, and writes it anew unless it is only to be checked. */
async function embed(file: Embedded, isCheck: boolean): Promise<boolean> {
  const target = new URL(file.target, FOLDER);
  const wanted = toModule(await Deno.readTextFile(new URL(file.source, FOLDER)), file);
  const isStale = await readIfThere(target) !== wanted;
  if (isStale && !isCheck) await Deno.writeTextFile(target, wanted);
  return isStale;
}

if (import.meta.main) {
  const isCheck = Deno.args.includes("--check");
  for (const file of EMBEDDED) {
    if (!await embed(file, isCheck) || !isCheck) continue;
    console.error(`src/worker/${file.target} is stale; run: ${COMMAND}`);
    Deno.exit(1);
  }
}
