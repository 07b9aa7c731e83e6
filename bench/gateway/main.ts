/**
 * `deno task bench gateway`, which `deno task bench` runs as well: what it costs that plugins are reached over HTTP, beside a bare `Deno.serve()`. Writes
 * the gateway's part of `docs/performance.md`. `--quick` takes fewer and shorter rounds, and writes nothing.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { refuseAll, runTool } from "@remote-plugin/tools/arguments";
import { findPython } from "@remote-plugin/tools/python";
import { pathOf } from "@remote-plugin/tools/registry";
import { textTable } from "@remote-plugin/tools/tables";
import { machine } from "../machine.ts";
import { writePage } from "../report/write_page.ts";
import { readResults, writeResults } from "../results_file.ts";
import { figureOf, type PeerResults, type Results, rounded } from "../results.ts";
import { readable } from "../report/columns.ts";
import { gatewayTargets } from "./targets.ts";
import { ATTACKS } from "./attacks.ts";
import { attached, bareFiles, calls, FILE_BYTES, files, honestCalls, memoryOfFiles, stream, type Values } from "./measures.ts";
import { type Server, startBare, startGateway } from "./servers.ts";

const USAGE = "Usage: deno task bench gateway [--quick]";

/** How much is measured. */
interface Extent {
  readonly rounds: number;
  readonly ms: number;
  readonly warmMs: number;
  readonly chunks: number;
  /** How often each attack is tried. */
  readonly attacks: number;
}

const FULL: Extent = { rounds: 7, ms: 2_000, warmMs: 500, chunks: 100_000, attacks: 3 };
const QUICK: Extent = { rounds: 3, ms: 500, warmMs: 300, chunks: 20_000, attacks: 1 };

/** The two servers in turn, round after round, so that what else the machine does hits both. */
async function measure(extent: Extent, python: string): Promise<Results> {
  const folder = await Deno.makeTempDir({ prefix: "rpp-bench-" });
  const results: Results = { run: new Date().toISOString(), mode: "gateway", machine: await machine(python), peers: {} };
  try {
    await writeWork(folder, python);
    await using gateway = await startGateway(folder);
    await using bare = await startBare(folder);
    await Deno.writeFile(`${folder}/download`, new Uint8Array(FILE_BYTES));
    for (let round = 0; round < extent.rounds; round++) {
      console.error(`gateway: round ${round + 1} of ${extent.rounds}`);
      await measureRound(results, { gateway, bare, extent });
    }
    for (let round = 0; round < extent.attacks; round++) await measureAttacks(results, folder);
    return results;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface Round {
  readonly gateway: Server;
  readonly bare: Server;
  readonly extent: Extent;
}

async function measureRound(results: Results, { gateway, bare, extent }: Round): Promise<void> {
  const step = (peer: string, name: string, measured: () => Promise<Values>): Promise<void> =>
    measureStep(results, { peer, name }, measured);
  for (const open of [1, 64]) {
    await step("bare", `open${open}`, () => calls(bare, "/call", { open, ...extent }));
    await step("gateway", `open${open}`, () => calls(gateway, "/work/execute", { open, ...extent }));
  }
  await using plugin = await attached(gateway);
  await step("gateway", "stream", () => stream(plugin, extent.chunks));
  const bytes = new Uint8Array(FILE_BYTES);
  await step("bare", "file", () => bareFiles(bare, bytes));
  await step("gateway", "file", () => files(plugin, bytes));
  await step("gateway", "memory", () => memoryOfFiles(gateway, plugin, { open: 4, bytes: FILE_BYTES }));
}

/** Each attack has a server of its own, which nothing of the one before is left in. */
async function measureAttacks(results: Results, folder: string): Promise<void> {
  for (const [name, attack] of Object.entries(ATTACKS)) {
    console.error(`gateway: ${name}`);
    await measureStep(results, { peer: "gateway", name: `attack-${name}` }, async () => {
      await using gateway = await startGateway(folder, ["--drain", "0"]);
      await honestCalls(gateway, 1);
      await using _attack = await attack(gateway.facts);
      return await honestCalls(gateway, 50);
    });
  }
}

interface StepName {
  readonly peer: string;
  readonly name: string;
}

/** A step that fails has no value, and a note instead. */
async function measureStep({ peers, run }: Results, { peer, name }: StepName, measured: () => Promise<Values>): Promise<void> {
  const own: PeerResults = peers[peer] ??= { run, values: {}, notes: {} };
  try {
    for (const [key, value] of Object.entries(await measured())) (own.values[`${name}.${key}`] ??= []).push(rounded(value));
  } catch (error) {
    own.notes[name] = messageOf(error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function writeWork(folder: string, python: string): Promise<void> {
  const manifest = { python_path: python, module: "plugin", class: "Work", plugin_path: pathOf("bench/work") };
  for (const name of ["work", "honest"]) await Deno.writeTextFile(`${folder}/${name}.json`, JSON.stringify({ ...manifest, name }));
}

function text(results: Results): string {
  const rows = Object.entries(results.peers).flatMap(([peer, { values }]) =>
    Object.keys(values).map((key) => [peer, key, readable(figureOf(results, peer, key)!.median)])
  );
  const verdict = (met: boolean | undefined): string => met === undefined ? "-" : met ? "met" : "NOT MET";
  const targets = gatewayTargets(results).map(({ wanted, measured, met }) => [wanted, measured, verdict(met)]);
  const failures = Object.entries(results.peers).flatMap(([peer, { notes }]) =>
    Object.entries(notes).map(([step, note]) => [peer, step, note])
  );
  return `${textTable({ headings: ["SERVER", "VALUE", "MEDIAN"], rows: [...rows, ...failures] })}\n\n${textTable({ rows: targets })}`;
}

async function main(): Promise<number> {
  const { quick } = parseArgs(Deno.args, { boolean: ["quick"], unknown: refuseAll(USAGE) });
  const python = await findPython();
  if (python === undefined) throw new Error("Cannot measure: there is no Python 3.8 or later on PATH");
  const results = await measure(quick ? QUICK : FULL, python);
  console.log(text(results));
  if (quick) return 0;
  await writeResults("gateway", results);
  const full = await readResults("full");
  if (full !== undefined) await writePage(full);
  return 0;
}

if (import.meta.main) await runTool(main);
