/**
 * Puts what the interop tests have found into the tables of `docs/from_python.md`.
 *
 * ```text
 * REMOTE_PLUGIN_TEST_ROUNDS=15 deno task test --interop tests/interop && deno task embed interop
 * ```
 *
 * @module
 */
import { ROOT } from "./registry.ts";
import { markdownTable } from "./tables.ts";

const PAGE = new URL("docs/from_python.md", ROOT);

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`. */
export function fill(page: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The page has no place "${name}"`);
  return `${page.slice(0, from + start.length)}\n\n${content}\n\n${page.slice(to)}`;
}

/** A table of plugins and their actions, a column a worker. */
export function actionTable(outcomes: readonly (readonly string[])[]): string {
  const rows = new Map<string, Record<string, string>>();
  for (const [plugin, action, whose, outcome] of outcomes as [string, string, string, string][]) {
    const key = JSON.stringify([plugin, action]);
    rows.set(key, { ...rows.get(key), [whose]: outcome });
  }
  const lines = [...rows].map(([key, found]) => [...JSON.parse(key) as string[], found.ours ?? "", found.theirs ?? ""]);
  return markdownTable({ heads: ["plugin", "action", "our worker", "its own worker"] }, lines);
}

interface Timings {
  readonly rows: string[][];
  readonly loads: number[];
  readonly rounds: number;
  readonly calls: number;
}

/** The table of times, and how they were taken. */
export function timingTable({ rows, loads, rounds, calls }: Timings): string {
  const heads = ["environment", "who calls whom", "start, ms", "blocking call, ms", "asynchronous call, ms"];
  const how =
    `Medians of ${rounds} starts and ${calls} calls of each kind, taken in turns in one run. The range leaves out the outermost twentieths.\n` +
    `Some ${Math.max(...loads).toFixed(1)} other processes wanted to run on the two cores meanwhile.`;
  return `${how}\n\n${markdownTable({ heads }, rows)}`;
}

async function read<Found>(name: string): Promise<Found> {
  return JSON.parse(await Deno.readTextFile(new URL(`out/interop/${name}.json`, ROOT)));
}

if (import.meta.main) {
  const page = fill(await Deno.readTextFile(PAGE), "actions", actionTable(await read<string[][]>("outcomes")));
  await Deno.writeTextFile(PAGE, fill(page, "timings", timingTable(await read<Timings>("timings"))));
}
