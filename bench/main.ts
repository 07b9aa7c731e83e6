/**
 * `deno task bench`: this project beside what people would pick instead, on the same work in one run. `--quick` takes less than two minutes,
 * `--work` takes one for the processor time of small calls, `--only NAME` (again and again) measures some peers and keeps the other results, `--rounds N` takes less or more of them, and `--render` writes page and
 * plot from the results that are there. A run of all peers ends with that of big values (`payload/main.ts`), which has a page of its own, and with that of
 * the gateway (`gateway/main.ts`).
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { readNumber, refuseAll, runTool, UsageError } from "@remote-plugin/tools/arguments";
import { findPython } from "@remote-plugin/tools/python";
import { passThrough } from "@remote-plugin/tools/run";
import { machine } from "./machine.ts";
import { PEERS, type PeerSpec } from "./peers.ts";
import { EXTENTS, type Mode } from "./plan.ts";
import { renderText, renderWork } from "./report/text.ts";
import { writePage } from "./report/write_page.ts";
import type { Results } from "./results.ts";
import { readResults, resultsFile, writeResults } from "./results_file.ts";
import { runRounds } from "./rounds.ts";

const USAGE =
  "Usage: deno task bench [--quick|--work] [--only NAME]… [--rounds N] [--render], or deno task bench batches|blocking|gateway|manager|page|payload|ray";

interface Arguments {
  readonly mode: Mode;
  readonly only: readonly string[];
  readonly render: boolean;
  readonly rounds: number;
}

function parseArguments(words: string[]): Arguments {
  const { quick, work, render, rounds, only } = parseArgs(words, {
    boolean: ["quick", "work", "render"],
    string: ["rounds", "only"],
    collect: ["only"],
    unknown: refuseAll(USAGE),
  });
  const mode = work ? "work" : quick ? "quick" : "full";
  return {
    mode,
    render,
    only: only.map(known),
    rounds: readNumber(rounds, { name: "--rounds", fallback: EXTENTS[mode].rounds, usage: USAGE }),
  };
}

function known(name: string): string {
  if (PEERS.some((peer) => peer.name === name)) return name;
  throw new UsageError(`There is no peer "${name}", only ${PEERS.map((peer) => peer.name).join(", ")}`);
}

async function measure({ mode, only, rounds }: Arguments): Promise<Results> {
  const python = await findPython();
  if (python === undefined) throw new Error(`Cannot measure: there is no Python 3.8 or later on PATH`);
  const temp = await Deno.realPath(await Deno.makeTempDir({ prefix: "rpp-bench-" }));
  const before = only.length === 0 ? undefined : await readResults(mode);
  const run = new Date().toISOString();
  const results: Results = before ?? { run, mode, machine: await machine(python), peers: {} };
  const fresh: Results = { ...results, run, peers: {} };
  const save = (): Promise<void> => {
    Object.assign(results.peers, fresh.peers);
    return writeResults(mode, results);
  };
  const specs = PEERS.filter((spec) => only.length === 0 ? takesPart(spec, mode) : only.includes(spec.name));
  try {
    await withSignal((signal) => runRounds(fresh, { mode, rounds, specs, python, temp, signal, say: console.error, save }));
    await save();
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
  return results;
}

/** Work is measured for those who change this project, beside its floors. */
function takesPart({ group, families, fullOnly }: PeerSpec, mode: Mode): boolean {
  if (mode === "work") return group !== "peer" && families.includes("placed");
  return mode === "full" || !fullOnly;
}

/** Ctrl-C ends what was started before it ends the program. */
async function withSignal(action: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, abort);
  try {
    await action(controller.signal);
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, abort);
  }
}

async function main(): Promise<number> {
  const args = parseArguments(Deno.args);
  const results = args.render ? await readResults(args.mode) : await measure(args);
  if (results === undefined) throw new UsageError(`There are no results in "${resultsFile(args.mode)}" yet: run the bench first`);
  console.log(args.mode === "work" ? renderWork(results) : renderText(results));
  if (args.mode === "full") await writePage(results);
  return args.render || args.mode === "work" || args.only.length > 0 ? 0 : await measureOthers(args.mode);
}

/** Each is a program of its own: that of big values may do everything, for files in memory are for such. */
async function measureOthers(mode: Mode): Promise<number> {
  const quick = mode === "quick" ? ["--quick"] : [];
  const codes = [];
  for (const name of ["payload", "gateway"]) codes.push(await passThrough([Deno.execPath(), "task", "bench", name, ...quick]));
  return Math.max(...codes);
}

if (import.meta.main) await runTool(main);
