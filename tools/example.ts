/**
 * `deno task example NAME [ARGUMENT…]` runs `examples/NAME/main.ts` with the permissions that it declares in its first lines, and no others;
 * `deno task example --all` runs them all.
 *
 * @module
 */
import { requiredPermissions } from "@remote-plugin/proxy";
import { existsSync } from "@std/fs";
import { declaredFlags, declaredPlugins, type Names } from "./flags.ts";
import { findLeaks, type Leaks } from "./leaks.ts";
import { findPython, pathWith } from "./python.ts";
import { pathOf, registryFlags, ROOT } from "./registry.ts";
import { passThrough } from "./run.ts";

/** An example that cannot run on this machine prints why, and exits with this. */
const SKIPPED = 77;

function allExamples(): string[] {
  const names = [...Deno.readDirSync(new URL("examples/", ROOT))].map(({ name }) => name).sort();
  return names.filter((name) => existsSync(mainOf(name)));
}

function mainOf(name: string): string {
  return pathOf(`examples/${name}/main.ts`);
}

/** What flags may name: see CONTRIBUTING.md. */
function namesFor(name: string, temp: string, python: string | undefined): Names {
  return { PYTHON: python, DENO: Deno.execPath(), REPO: pathOf("./").replace(/[\\/]$/, ""), HERE: pathOf(`examples/${name}`), TMP: temp };
}

/** Runs an example in a temporary folder of its own, and returns its exit code. */
async function run(name: string, args: readonly string[]): Promise<number> {
  if (!existsSync(mainOf(name))) {
    return complain(`There is no example "${name}", only ${allExamples().map((known) => `"${known}"`).join(", ")}`);
  }
  const python = await findPython();
  const temp = await Deno.realPath(await Deno.makeTempDir({ prefix: "rpp-" }));
  try {
    const source = await Deno.readTextFile(mainOf(name));
    const flags = declaredFlags(source, namesFor(name, temp, python));
    if (flags === undefined) {
      return complain(`"examples/${name}/main.ts" declares no permissions: begin it with a line "// flags: --allow-…"`);
    }
    const command = [
      Deno.execPath(),
      "run",
      "--no-prompt",
      ...registryFlags("npm"),
      ...flags,
      ...await neededFlags(source, { name, temp }),
      mainOf(name),
      ...args,
    ];
    const env = {
      TMPDIR: temp,
      TMP: temp,
      TEMP: temp,
      PATH: pathWith([Deno.execPath(), python]),
      ...(python === undefined ? {} : { PYTHON: python }),
    };
    return await passThrough(command, { env }) || complainOfLeaks(await findLeaks(temp));
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
}

/** What a host needs for the plugins that an example starts. */
async function neededFlags(source: string, { name, temp }: { name: string; temp: string }): Promise<string[]> {
  const manifests = declaredPlugins(source).map((file) => pathOf(`examples/${name}/${file}`));
  const needed = await Promise.all(manifests.map((manifest) => requiredPermissions(manifest, { scratchDir: temp })));
  return needed.flatMap((permissions) => permissions.toFlags());
}

function complain(message: string): number {
  console.error(message);
  return 2;
}

/** Zero when nothing is left. */
function complainOfLeaks({ files, processes = [] }: Leaks): number {
  const left = [...files, ...processes];
  if (left.length > 0) console.error(`It left behind:\n${left.join("\n")}`);
  return left.length === 0 ? 0 : 1;
}

/** Runs all examples, one after another, and says at the end how each of them went. */
async function runAll(): Promise<number> {
  const codes = new Map<string, number>();
  for (const name of allExamples()) {
    console.log(`\n== ${name}`);
    const code = await run(name, []);
    codes.set(name, code);
    if (code === 130 || code === 143) return code; // Ctrl-C, SIGTERM
  }
  console.log("\n== summary");
  for (const [name, code] of codes) console.log(`${outcome(code)}  ${name}`);
  return codes.size > 0 && [...codes.values()].every((code) => code === 0 || code === SKIPPED) ? 0 : 1;
}

function outcome(code: number): string {
  if (code === SKIPPED) return "skipped, for the reason above";
  return code === 0 ? "ok    " : `FAILED with exit code ${code}`;
}

if (import.meta.main) {
  const [name, ...args] = Deno.args;
  if (name === undefined) Deno.exit(complain(`Which one? There are ${allExamples().join(", ")}`));
  Deno.exit(name === "--all" ? await runAll() : await run(name, args));
}
