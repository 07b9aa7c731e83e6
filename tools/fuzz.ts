/**
 * `deno task fuzz [--runs N] [--seed N]`: the fuzz tests with more cases than they have among the others.
 *
 * @module
 */
import { pathOf } from "./lane.ts";
import { passThrough } from "./run.ts";

const USAGE = "Usage: deno task fuzz [--runs N] [--seed N]";

/** The variables that the tests look at. */
function parse(args: readonly string[]): Record<string, string> {
  const names: Readonly<Record<string, string>> = { "--runs": "REMOTE_PLUGIN_FUZZ_RUNS", "--seed": "REMOTE_PLUGIN_FUZZ_SEED" };
  const variables: Record<string, string> = { REMOTE_PLUGIN_FUZZ_RUNS: "200000" };
  for (let at = 0; at < args.length; at += 2) {
    const [name, value] = [names[args[at] ?? ""], args[at + 1] ?? ""];
    if (name === undefined || !/^-?\d+$/.test(value)) throw new Error(`"${args[at]} ${value}" is not understood. ${USAGE}`);
    variables[name] = value;
  }
  return variables;
}

if (import.meta.main) {
  const command = ["run", "--allow-read", "--allow-write", "--allow-env", "--allow-run", pathOf("tools/test.ts"), "tests/fuzz"];
  Deno.exit(await passThrough([Deno.execPath(), ...command], { env: parse(Deno.args) }));
}
