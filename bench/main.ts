/**
 * `deno task bench`: this project beside what people would pick instead, on the same work in one run. `--quick` takes less than two minutes,
 * `--work` takes one for the processor time of small calls, `--only NAME` (again and again) measures some peers and keeps the other results, `--rounds N` takes less or more of them, and `--render` writes page and
 * plot from the results that are there. A run of all peers ends with that of big values (`payload/main.ts`), which has a page of its own.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { ensureDir, exists } from "@std/fs";
import { dirname } from "@std/path";
import { readNumber, refuseAll, runTool, UsageError } from "@remote-plugin/tools/arguments";
import { findPython } from "@remote-plugin/tools/python";
import { pathOf } from "@remote-plugin/tools/registry";
import { capture, passThrough } from "@remote-plugin/tools/run";
import { PEERS, type PeerSpec } from "./peers.ts";
import { EXTENTS, type Mode } from "./plan.ts";
import { renderPage } from "./report/page.ts";
import { renderPlot } from "./report/plot.ts";
import { renderText, renderWork } from "./report/text.ts";
import type { Results } from "./results.ts";
import { runRounds } from "./rounds.ts";

const USAGE = "Usage: deno task bench [--quick|--work] [--only NAME]… [--rounds N] [--render], or deno task bench blocking|manager|payload";

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

/** The whole bench is part of the project; a quick one is for whoever runs it. */
function resultsFile(mode: Mode): string {
  return pathOf(mode === "full" ? "bench/results/full.json" : `out/bench/${mode}.json`);
}

async function readResults(mode: Mode): Promise<Results | undefined> {
  if (!await exists(resultsFile(mode))) return undefined;
  return JSON.parse(await Deno.readTextFile(resultsFile(mode)));
}

async function machine(python: string): Promise<Record<string, string>> {
  const versions = await Promise.all([capture([python, "--version"]), capture(["node", "--version"])]);
  const [pythonVersion, node] = versions.map(({ code, stdout }) => code === 0 ? stdout.trim() : "none");
  return {
    cores: String(navigator.hardwareConcurrency),
    system: `${Deno.build.os} ${Deno.build.arch}`,
    deno: Deno.version.deno,
    python: pythonVersion!.replace("Python ", ""),
    node: node!.replace("v", ""),
  };
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
    return write(mode, results);
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

async function write(mode: Mode, results: Results): Promise<void> {
  const path = resultsFile(mode);
  await ensureDir(dirname(path));
  const ordered = { ...results, peers: Object.fromEntries(inOrder(results).map(({ name }) => [name, results.peers[name]])) };
  const text = JSON.stringify(ordered, null, 2).replace(/\[\s+([^\]]*?)\s+\]/g, (_, list: string) => `[${list.replace(/\s+/g, " ")}]`);
  await Deno.writeTextFile(path, `${text}\n`);
}

function inOrder(results: Results): PeerSpec[] {
  return PEERS.filter(({ name }) => name in results.peers);
}

async function main(): Promise<number> {
  const args = parseArguments(Deno.args);
  const results = args.render ? await readResults(args.mode) : await measure(args);
  if (results === undefined) throw new UsageError(`There are no results in "${resultsFile(args.mode)}" yet: run the bench first`);
  console.log(args.mode === "work" ? renderWork(results) : renderText(results));
  if (args.mode === "full") await writePage(results);
  return args.render || args.mode === "work" || args.only.length > 0 ? 0 : await measurePayload(args.mode);
}

/** It is a program of its own, for it may do everything: files in memory are for such. */
async function measurePayload(mode: Mode): Promise<number> {
  return await passThrough([Deno.execPath(), "task", "bench", "payload", ...(mode === "quick" ? ["--quick"] : [])]);
}

async function writePage(results: Results): Promise<void> {
  await Deno.writeTextFile(pathOf("docs/performance.svg"), renderPlot(results));
  await Deno.writeTextFile(pathOf("docs/performance.md"), renderPage(results));
  const { code, output } = await capture([
    Deno.execPath(),
    "fmt",
    pathOf("docs/performance.md"),
    pathOf("docs/performance.svg"),
    pathOf("bench/results"),
  ]);
  if (code !== 0) throw new Error(output);
}

if (import.meta.main) await runTool(main);
