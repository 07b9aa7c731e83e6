/**
 * `deno task fuzz [--runs N] [--seed N]`: the fuzz tests with more cases than they have among the others.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { readNumber, refuseAll, runTool } from "./arguments.ts";
import { passThrough } from "./run.ts";

const USAGE = "Usage: deno task fuzz [--runs N] [--seed N]";

/** The variables that the tests look at. */
function parse(args: string[]): Record<string, string> {
  const { runs, seed } = parseArgs(args, { string: ["runs", "seed"], unknown: refuseAll(USAGE) });
  const number = (name: string, text: string | undefined, fallback: number): string =>
    String(readNumber(text, { name, fallback, usage: USAGE }));
  return {
    REMOTE_PLUGIN_FUZZ_RUNS: number("--runs", runs, 200_000),
    ...(seed === undefined ? {} : { REMOTE_PLUGIN_FUZZ_SEED: number("--seed", seed, 0) }),
  };
}

async function main(): Promise<number> {
  return await passThrough([Deno.execPath(), "task", "test", "tests/fuzz"], { env: parse(Deno.args) });
}

if (import.meta.main) await runTool(main);
