/**
 * Runs the peers in turn, round after round, so that what the machine does meanwhile hits all alike.
 *
 * @module
 */
import { pathOf, registryFlags } from "@remote-plugin/tools/registry";
import { bundleForNode, install, type Installed } from "./install.ts";
import { type Answer, type MeasuringCommand, MeasuringProcess } from "./measuring_process.ts";
import type { PeerSpec } from "./peers.ts";
import { BusyProcess, coresFor, type Placement, usableCores } from "./placement.ts";
import { type Extent, EXTENTS, type Mode, type Step, stepsFor } from "./plan.ts";
import { type PeerResults, type Results, rounded } from "./results.ts";

/** What a run depends on. */
export interface RunOptions {
  readonly mode: Mode;
  readonly rounds: number;
  readonly specs: readonly PeerSpec[];
  /** The interpreter that the plugins run in. */
  readonly python: string;
  /** A folder for what lives as long as the run. */
  readonly temp: string;
  readonly signal: AbortSignal;
  /** Takes a line for the reader who waits. */
  readonly say: (line: string) => void;
  /** Called after each peer, so that a run that is broken off is not lost. */
  readonly save: (results: Results) => Promise<void>;
}

/** How long a start may take in either mode, in milliseconds. */
const START_LIMIT_MS = 12_000;

/** Past this a larger argument or result is not tried. */
const SLOW_PAYLOAD_MS = 3_000;

/** Measures the given peers; the results hold theirs alone. */
export async function runRounds(results: Results, options: RunOptions): Promise<void> {
  const extent = EXTENTS[options.mode];
  const ready = await prepare(results, options);
  const usable = await usableCores();
  const begun = performance.now();
  let longest = 0;
  for (let round = 0; round < options.rounds && !options.signal.aborted; round++) {
    const roundBegun = performance.now();
    if (roundBegun - begun + longest > extent.totalMs) {
      options.say(`No time is left for round ${round + 1} of ${options.rounds}`);
      return;
    }
    for (const peer of rotated(ready, round)) {
      if (options.signal.aborted) return;
      if (performance.now() - begun > extent.totalMs) {
        if (round === 0) peer.results.notes.start = "not reached: the time for the whole bench was over";
        continue;
      }
      options.say(`round ${round + 1} of ${options.rounds}: ${peer.spec.name}`);
      await new PeerRound(peer, { ...options, extent, round, usable }).run();
      await options.save(results);
    }
    longest = Math.max(longest, performance.now() - roundBegun);
  }
}

/** Each round begins with another one. */
function rotated<Item>(items: readonly Item[], round: number): Item[] {
  const first = items.length === 0 ? 0 : round * 5 % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

interface ReadyPeer {
  readonly spec: PeerSpec;
  readonly results: PeerResults;
  readonly command: MeasuringCommand;
  /** How often a step has failed, infinitely for what the peer cannot do. */
  readonly failures: Map<string, number>;
}

/** One failure may be the machine's; after two a step is given up. */
const FAILURES_TO_GIVE_UP = 2;

async function prepare(results: Results, options: RunOptions): Promise<ReadyPeer[]> {
  const ready: ReadyPeer[] = [];
  for (const spec of options.specs) {
    const own: PeerResults = { run: results.run, values: {}, notes: {} };
    results.peers[spec.name] = own;
    try {
      options.say(`preparing ${spec.name}`);
      const installed = spec.recipe === undefined ? undefined : await install(spec.recipe, options.python);
      if (installed !== undefined && installed.version !== "") own.version = installed.version;
      ready.push({ spec, results: own, command: await commandFor(spec, installed, options), failures: new Map() });
    } catch (error) {
      own.notes.install = `could not be installed: ${error instanceof Error ? error.message : error}`;
      options.say(`${spec.name} ${own.notes.install}`);
    }
  }
  return ready;
}

async function commandFor(spec: PeerSpec, installed: Installed | undefined, { python, temp }: RunOptions): Promise<MeasuringCommand> {
  const interpreter = installed?.python ?? python;
  const work = pathOf("bench/work");
  const env = {
    BENCH_PYTHON: interpreter,
    BENCH_WORK: work,
    BENCH_TMP: temp,
    BENCH_ENVIRONMENT: installed === undefined ? "" : `${installed.folder}/venv`,
    PYTHONPATH: spec.host === "python" ? work : "",
    PYTHON_BIN: interpreter,
    CJM_DATA_DIR: `${temp}/${spec.name}`,
    TMPDIR: temp,
    NO_COLOR: "1",
  };
  return { command: await programFor(spec, installed, interpreter), env, cwd: temp };
}

async function programFor({ name, host, python }: PeerSpec, installed: Installed | undefined, interpreter: string): Promise<string[]> {
  switch (host) {
    case "python":
      return [interpreter, pathOf("bench/python/serve.py"), python!];
    case "node":
      return ["node", await bundleForNode(installed!.folder), name];
    case "deno": {
      const flags = ["--no-prompt", "--allow-read", "--allow-write", "--allow-net", "--allow-env", "--allow-run"];
      return [Deno.execPath(), "run", ...registryFlags("npm"), ...flags, pathOf("bench/driver/deno_main.ts"), name];
    }
  }
}

/** Why a placement cannot be had. */
const NO_PLACE = "it takes `taskset` and a core for each that is named";

/** An answer that did not come is a failure. */
function timely(answer: Answer, limitMs: number): Answer {
  return answer.overdue && answer.failed === undefined ? { failed: `no answer within ${(limitMs / 1000).toFixed(0)} s` } : answer;
}

interface RoundFacts extends RunOptions {
  readonly extent: Extent;
  readonly round: number;
  /** The cores that there are, as far as one may choose. */
  readonly usable: readonly number[] | undefined;
}

/** One peer's turn. */
class PeerRound {
  readonly #peer: ReadyPeer;
  readonly #facts: RoundFacts;
  readonly #deadline: number;
  #process: MeasuringProcess | undefined;
  #placement: Placement | undefined;

  constructor(peer: ReadyPeer, facts: RoundFacts) {
    this.#peer = peer;
    this.#facts = facts;
    this.#deadline = performance.now() + facts.extent.peerMs;
  }

  async run(): Promise<void> {
    const { spec, failures } = this.#peer;
    const worthwhile = ({ key, rounds }: Step): boolean => this.#facts.round < rounds && (failures.get(key) ?? 0) < FAILURES_TO_GIVE_UP;
    const [start, ...steps] = stepsFor(spec, this.#facts.mode);
    const wanted = steps.filter(worthwhile);
    if (!worthwhile(start!)) return;
    const abort = (): void => void this.#process?.end();
    this.#facts.signal.addEventListener("abort", abort, { once: true });
    try {
      if (!await this.#begin(start!)) return;
      for (const step of wanted) await this.#take(step);
    } finally {
      this.#facts.signal.removeEventListener("abort", abort);
      await this.#end();
    }
  }

  async #begin(start: Step): Promise<boolean> {
    this.#process = new MeasuringProcess(this.#peer.command);
    const answer = timely(await this.#process.ask({ measure: "start" }, START_LIMIT_MS), START_LIMIT_MS);
    if (this.#peer.spec.families.includes("start") || answer.values === undefined) this.#record(start, answer);
    return answer.values !== undefined;
  }

  async #take(step: Step): Promise<void> {
    const { notes } = this.#peer.results;
    if (this.#facts.signal.aborted || this.#process === undefined) return;
    const left = this.#deadline - performance.now();
    if (left < 0) {
      notes[step.key] ??= "not reached: the time for this peer was over";
      return;
    }
    const smaller = this.#slowerSmallerOne(step);
    if (smaller !== undefined) {
      notes[step.key] = smaller;
      return;
    }
    this.#record(step, await this.#measure(step, Math.min(this.#facts.extent.stepMs, left + 1_000)));
  }

  async #measure(step: Step, limitMs: number): Promise<Answer> {
    if (step.measure === undefined) return { values: await this.#process!.memory() };
    const answer = await this.#askAt(step, limitMs);
    if (answer.overdue) await this.#restart();
    return timely(answer, limitMs);
  }

  async #askAt({ measure, amounts, placement }: Step, limitMs: number): Promise<Answer> {
    const { usable } = this.#facts;
    await this.#moveTo(placement);
    if (placement === undefined) return await this.#process!.ask({ measure, ...amounts }, limitMs);
    const cores = coresFor(placement, usable);
    if (cores === undefined && placement !== "two") return { cannot: NO_PLACE };
    await using _ = placement === "busy" ? new BusyProcess(cores!, this.#facts.python) : undefined;
    const warmUp = await this.#process!.ask({ measure, ...amounts, ms: amounts.warmMs, warmMs: 0 }, limitMs);
    if (warmUp.values === undefined) return warmUp;
    return await this.#process!.askWithWork({ measure, ...amounts, warmMs: 0 }, limitMs);
  }

  async #moveTo(placement: Placement | undefined): Promise<void> {
    if (placement === this.#placement) return;
    this.#placement = placement;
    const { usable } = this.#facts;
    const cores = placement === undefined ? usable : coresFor(placement, usable);
    if (cores !== undefined) await this.#process!.moveTo(cores);
  }

  /** A process that does not answer is ended, and the rest is measured with a fresh one. */
  async #restart(): Promise<void> {
    await this.#process!.end();
    this.#placement = undefined;
    this.#process = new MeasuringProcess(this.#peer.command);
    const { values } = await this.#process.ask({ measure: "start" }, START_LIMIT_MS);
    if (values === undefined) await this.#end();
  }

  async #end(): Promise<void> {
    const left = await this.#process?.end() ?? 0;
    this.#process = undefined;
    if (left > 0) this.#peer.results.notes.left = `left ${left} ${left === 1 ? "process" : "processes"} behind`;
  }

  #slowerSmallerOne({ family, amounts: { bytes } }: Step): string | undefined {
    if (bytes === undefined || family === "growth") return undefined;
    const { values } = this.#peer.results;
    const slow = Object.entries(values).find(([key, times]) =>
      key.startsWith(`${family}/`) && key.endsWith(".ms") && parseInt(key.slice(family.length + 1)) < bytes &&
      times.at(-1)! > SLOW_PAYLOAD_MS
    );
    return slow === undefined ? undefined : `not tried: the size before took ${(slow[1].at(-1)! / 1000).toFixed(1)} s`;
  }

  #record({ key }: Step, { values, cannot, failed }: Answer): void {
    const { results, failures } = this.#peer;
    for (const [name, value] of Object.entries(values ?? {})) (results.values[`${key}.${name}`] ??= []).push(rounded(value));
    if (cannot !== undefined) {
      failures.set(key, Infinity);
      results.notes[key] = cannot;
    } else if (failed !== undefined) {
      failures.set(key, (failures.get(key) ?? 0) + 1);
      results.notes[key] = `failed in round ${this.#facts.round + 1}: ${failed}`;
    } else if (results.notes[key]?.startsWith("not ")) {
      delete results.notes[key]; // An earlier round had no time for it.
    }
  }
}
