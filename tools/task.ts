/**
 * `deno task NAME …`: starts the program of a task with the packages from npm, and with the permissions that it needs. It takes no package itself, so that
 * it runs wherever Deno does.
 *
 * @module
 */
import { pathOf, registryFlags } from "./registry.ts";
import { passThrough } from "./run.ts";

/** A program, from the repository's root, and what it may do. */
export type Program = readonly [file: string, ...permissions: string[]];

const FILES = ["--allow-read", "--allow-write", "--allow-env", "--allow-run"];

/** The programs of the tasks. Some tasks have further ones, which their first argument names. */
export const PROGRAMS: Readonly<Record<string, Program>> = {
  "bench": ["bench/main.ts", ...FILES, "--allow-sys"],
  "bench batches": ["bench/batches.ts", ...FILES, "--allow-net"],
  "bench blocking": ["bench/blocking.ts", ...FILES, "--allow-net"],
  "bench gateway": ["bench/gateway/main.ts", ...FILES, "--allow-net", "--allow-sys"],
  "bench manager": ["bench/manager.ts", ...FILES, "--allow-net"],
  "bench page": ["bench/page.ts", ...FILES, "--allow-net", "--allow-sys"],
  // Files in memory are for programs that may do everything.
  "bench payload": ["bench/payload/main.ts", "--allow-all"],
  // A cluster's processes are not its children, and it looks at them.
  "bench ray": ["bench/ray/main.ts", "--allow-all"],
  "check": ["tools/check.ts", ...FILES],
  "embed": ["tools/embed.ts", "--allow-read", "--allow-write=src/worker", "--allow-run"],
  "embed interop": ["tools/interop_page.ts", "--allow-read", "--allow-write"],
  "embed pictures": ["tools/pictures.ts", ...FILES, "--allow-net", "--allow-sys"],
  "embed session": ["tools/record_session.ts", ...FILES],
  "example": ["tools/example.ts", ...FILES],
  "fuzz": ["tools/fuzz.ts", ...FILES],
  "soak": ["tools/soak/main.ts", ...FILES, "--allow-net"],
  "test": ["tools/test.ts", ...FILES],
};

async function main([task = "", ...args]: readonly string[]): Promise<number> {
  const further = PROGRAMS[`${task} ${args[0]}`];
  const [file, ...permissions] = further ?? PROGRAMS[task] ?? [];
  if (file === undefined) throw new Error(`There is no task "${task}", only ${Object.keys(PROGRAMS).join(", ")}`);
  const rest = further === undefined ? args : args.slice(1);
  return await passThrough([Deno.execPath(), "run", ...registryFlags("npm"), ...permissions, pathOf(file), ...rest]);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
