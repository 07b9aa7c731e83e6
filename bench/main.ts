/**
 * `deno task bench`: this project beside what people would pick instead, on the same work in one run. `--quick` takes less than two minutes,
 * `--only NAME` (again and again) measures some peers and keeps the other results, `--rounds N` takes less or more of them, and `--render` writes page and
 * plot from the results that are there. A run of all peers ends with that of big values (`payload_bench.ts`), which has a page of its own.
 *
 * @module
 */
import { findPython } from "../tools/python.ts";
import { pathOf, registryFlags } from "../tools/registry.ts";
import { capture } from "../tools/run.ts";
import { PEERS, type PeerSpec } from "./peers.ts";
import { EXTENTS, type Mode } from "./plan.ts";
import { renderPage } from "./report/page.ts";
import { renderPlot } from "./report/plot.ts";
import { renderText } from "./report/text.ts";
import type { Results } from "./results.ts";
import { runRounds } from "./rounds.ts";

interface Arguments {
  readonly mode: Mode;
  readonly only: readonly string[];
  readonly render: boolean;
  readonly rounds: number;
}

function parseArguments(words: readonly string[]): Arguments {
  const only: string[] = [];
  let [mode, render, rounds]: [Mode, boolean, number | undefined] = ["full", false, undefined];
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (word === "--quick") mode = "quick";
    else if (word === "--render") render = true;
    else if (word === "--rounds") rounds = count(words[++index]);
    else if (word === "--only") only.push(known(words[++index]));
    else throw new Error(`Unknown argument "${word}": there are --quick, --only NAME, --rounds N and --render`);
  }
  return { mode, only, render, rounds: rounds ?? EXTENTS[mode].rounds };
}

function count(text = ""): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new Error(`"${text}" is no number of rounds from 1 to 99`);
}

function known(name: string | undefined): string {
  if (PEERS.some((peer) => peer.name === name)) return name!;
  throw new Error(`There is no peer "${name ?? ""}", only ${PEERS.map((peer) => peer.name).join(", ")}`);
}

/** The whole bench is part of the project; a quick one is for whoever runs it. */
function resultsFile(mode: Mode): string {
  return pathOf(mode === "full" ? "bench/results/full.json" : "out/bench/quick.json");
}

async function readResults(mode: Mode): Promise<Results | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(resultsFile(mode)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
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
  const specs = PEERS.filter(({ name }) => only.length === 0 || only.includes(name));
  try {
    await withSignal((signal) => runRounds(fresh, { mode, rounds, specs, python, temp, signal, say: console.error, save }));
    await save();
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
  return results;
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
  await Deno.mkdir(path.replace(/[^/\\]+$/, ""), { recursive: true });
  const ordered = { ...results, peers: Object.fromEntries(inOrder(results).map(({ name }) => [name, results.peers[name]])) };
  const text = JSON.stringify(ordered, null, 2).replace(/\[\s+([^\]]*?)\s+\]/g, (_, list: string) => `[${list.replace(/\s+/g, " ")}]`);
  await Deno.writeTextFile(path, `${text}\n`);
}

function inOrder(results: Results): PeerSpec[] {
  return PEERS.filter(({ name }) => name in results.peers);
}

async function main(): Promise<void> {
  const args = parseArguments(Deno.args);
  const results = args.render ? await readResults(args.mode) : await measure(args);
  if (results === undefined) throw new Error(`There are no results in "${resultsFile(args.mode)}" yet: run the bench first`);
  console.log(renderText(results));
  if (args.mode === "full") await writePage(results);
  if (!args.render && args.only.length === 0) await measurePayload(args.mode);
}

/** Files in memory are for programs that may do everything, so that this is another program. */
async function measurePayload(mode: Mode): Promise<void> {
  const args = ["run", "--allow-all", ...registryFlags("npm"), pathOf("bench/payload_bench.ts"), ...(mode === "quick" ? ["--quick"] : [])];
  const { success } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).spawn().status;
  if (!success) throw new Error("Big values could not be measured");
}

async function writePage(results: Results): Promise<void> {
  await Deno.writeTextFile(pathOf("docs/performance.svg"), renderPlot(results));
  await Deno.writeTextFile(pathOf("docs/performance.md"), renderPage(results));
  const { code, output } = await capture([Deno.execPath(), "fmt", pathOf("docs/performance.md"), pathOf("bench/results")]);
  if (code !== 0) throw new Error(output);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
