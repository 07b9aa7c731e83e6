/**
 * `deno task soak [--minutes N] [--plot FILE]`: workers of both kinds under a mixed load that never lets up, killed and started again all the time.
 * It fails when an answer is wrong, or when a process, a socket or a file is left at the end.
 *
 * @module
 */
import { type Manifest, RemotePluginProxy, type StartOptions } from "@remote-plugin/proxy";
import { delay } from "@std/async";
import { parseArgs } from "@std/cli";
import { ensureDir } from "@std/fs";
import { dirname } from "@std/path";
import { fixtureFolder, readFixture } from "../../tests/support/fixtures.ts";
import { readNumber, refuseAll, runTool } from "../arguments.ts";
import { findLeaks } from "../leaks.ts";
import { findPython } from "../python.ts";
import { callInCrowd } from "./crowd.ts";
import { act, cleanUpBusy, closeDescriptors, forkAct, killWorker, Tally } from "./load.ts";
import { leftOpen, openFiles, openSignalSockets } from "./open_files.ts";
import { plot, reportLine, type Sample, summary } from "./report.ts";
import { endThread } from "./threads.ts";

const USAGE = "Usage: deno task soak [--minutes N] [--plot FILE]";
const MIB = 2 ** 20;

/** How long a load waits between two operations, in milliseconds: the machine is not ours alone. */
const PAUSE_MS = 2;

/** How long a crowd calls one plugin, in milliseconds. */
const CROWD_MS = 10_000;

type Runtime = "python" | "deno";

interface Options {
  readonly minutes: number;
  readonly plot: string;
}

/** How to start a worker, and of which fixture. */
interface SoakStart extends StartOptions {
  readonly fixture?: string;
}

class Soak {
  readonly tally = new Tally();
  readonly samples: Sample[] = [];
  readonly starts: Record<Runtime, number> = { python: 0, deno: 0 };
  kills = 0;
  readonly #begin = performance.now();
  readonly #minutes: number;
  readonly #folder: string;
  readonly #python: string | undefined;
  /** The workers that live as long as the soak: what grows in one of them is a leak. */
  readonly #steady: Partial<Record<Runtime, RemotePluginProxy>> = {};

  constructor({ minutes }: Options, folder: string, python: string | undefined) {
    this.#minutes = minutes;
    this.#folder = folder;
    this.#python = python;
  }

  get minute(): number {
    return (performance.now() - this.#begin) / 60_000;
  }

  async run(): Promise<void> {
    const runtimes: Runtime[] = this.#python === undefined ? ["deno"] : ["python", "deno"];
    const loads = runtimes.flatMap((runtime) => [
      this.#steadyLoad(runtime),
      this.#restartingLoad(runtime),
      this.#threadLoad(runtime),
      this.#crowdLoad(runtime),
    ]);
    if (this.#python !== undefined) loads.push(this.#forkingLoad(), this.#closingLoad());
    await Promise.all([this.#watch(), ...loads]);
  }

  get #isOver(): boolean {
    return this.minute >= this.#minutes;
  }

  /** One worker for the whole time. */
  async #steadyLoad(runtime: Runtime): Promise<void> {
    await using plugin = await this.#start(runtime, { transport: "unix", max_concurrency: 1 });
    this.#steady[runtime] = plugin;
    while (!this.#isOver) await this.#act(plugin);
    this.#steady[runtime] = undefined;
  }

  /** One worker after the other; each is let go of, or killed, while it is busy. */
  async #restartingLoad(runtime: Runtime): Promise<void> {
    for (let round = 0; !this.#isOver; round++) {
      const isKilled = round % 3 === 1;
      // One that is to be killed runs a call and a stream then. Two of five are reached by HTTP alone.
      const manifest = { transport: round % 2 === 0 ? "unix" : "tcp", max_concurrency: isKilled ? 2 : 1 } as const;
      await using plugin = await this.#start(runtime, manifest, { upgrade: round % 5 < 3 });
      const operations = 20 + Math.floor(Math.random() * 80);
      for (let at = 0; at < operations && !this.#isOver; at++) await this.#act(plugin);
      if (round % 3 === 0) await cleanUpBusy(plugin, this.tally);
      else if (isKilled) await this.#kill(plugin);
    }
  }

  /** 64 callers of one plugin, whose workers are killed; for a while with one lane, then with four. */
  async #crowdLoad(runtime: Runtime): Promise<void> {
    for (let round = 0; !this.#isOver; round++) {
      const restart = { mode: "always", initial_delay_ms: 1, max_delay_ms: 10, max_crashes: 10_000 } as const;
      const settings = { restart, max_concurrency: round % 2 === 0 ? 1 : 4 };
      await using plugin = await this.#start(runtime, settings, { fixture: "numbered", permissions: "requested" });
      const end = performance.now() + CROWD_MS;
      await callInCrowd(plugin, {
        begun: `${this.#folder}/begun-${runtime}-${round}`,
        tally: this.tally,
        isOver: () => this.#isOver || performance.now() > end,
        kill: () => this.#killNow(plugin),
      });
    }
  }

  #killNow({ pid }: RemotePluginProxy): void {
    try {
      Deno.kill(pid!, "SIGKILL");
      this.kills++;
    } catch {
      // It has ended, and the next one is not there yet.
    }
  }

  /** One worker for the whole time, whose plugin forks in two lanes. */
  async #forkingLoad(): Promise<void> {
    await using plugin = await this.#start("python", { max_concurrency: 2 }, { fixture: "forks" });
    const forking = async () => {
      while (!this.#isOver) await this.#pausing(forkAct(plugin, this.tally));
    };
    await Promise.all([forking(), forking()]);
  }

  /** One worker after the other, each of which loses its descriptors to its plugin. */
  async #closingLoad(): Promise<void> {
    while (!this.#isOver) {
      await using plugin = await this.#start("python", { max_concurrency: 2 }, { fixture: "closes_descriptors" });
      await this.#pausing(closeDescriptors(plugin, this.tally));
    }
  }

  /** One thread after the other that holds a worker when it ends. */
  async #threadLoad(runtime: Runtime): Promise<void> {
    for (; !this.#isOver; this.starts[runtime]++) await endThread(await this.#manifest(runtime), this.#folder, this.tally);
  }

  async #kill(plugin: RemotePluginProxy): Promise<void> {
    this.kills++;
    await killWorker(plugin, this.tally);
  }

  async #act(plugin: RemotePluginProxy): Promise<void> {
    await this.#pausing(act(plugin, this.tally));
  }

  async #pausing(operation: Promise<void>): Promise<void> {
    await operation;
    await delay(PAUSE_MS);
  }

  async #start(
    runtime: Runtime,
    settings: Partial<Manifest>,
    { fixture = "soaks", ...options }: SoakStart = {},
  ): Promise<RemotePluginProxy> {
    this.starts[runtime]++;
    const name = `${runtime} ${this.starts[runtime]}`;
    const manifest = await this.#manifest(runtime, fixture);
    return await RemotePluginProxy.start({ ...manifest, ...settings, name }, { scratchDir: this.#folder, ...options });
  }

  async #manifest(runtime: Runtime, fixture = "soaks"): Promise<Manifest> {
    const folder = fixtureFolder(fixture);
    const place = runtime === "python" ? { python_path: this.#python, plugin_path: folder } : { module: `${folder}plugin.ts` };
    return { ...await readFixture(runtime, fixture), ...place };
  }

  async #watch(): Promise<void> {
    const everyMs = Math.max(1_000, this.#minutes * 60_000 / 120);
    for (let nextReport = 1; !this.#isOver;) {
      await delay(Math.min(everyMs, (this.#minutes - this.minute) * 60_000 + 1));
      this.samples.push(await this.#look());
      if (this.minute < nextReport) continue;
      nextReport = Math.floor(this.minute) + 1;
      console.log(reportLine(this.samples.at(-1)!, this));
    }
  }

  async #look(): Promise<Sample> {
    const { rss, heapUsed } = Deno.memoryUsage();
    const sizeOf = async (runtime: Runtime) => (await this.#steady[runtime]?.getStats().catch(() => undefined))?.memory_rss_mb;
    const [python, deno] = await Promise.all([sizeOf("python"), sizeOf("deno")]);
    return { minute: this.minute, host: rss / MIB, heap: heapUsed / MIB, python, deno, operations: this.tally.total };
  }
}

function parse(args: string[]): Options {
  const { minutes, plot } = parseArgs(args, { string: ["minutes", "plot"], default: { plot: "out/soak.svg" }, unknown: refuseAll(USAGE) });
  return { minutes: readNumber(minutes, { name: "--minutes", fallback: 1, usage: USAGE }), plot };
}

async function main(): Promise<number> {
  const options = parse(Deno.args);
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "soak-" }));
  const soak = new Soak(options, folder, await findPython());
  try {
    openSignalSockets();
    const before = await openFiles();
    const outer = Deno.env.get("TMPDIR");
    Deno.env.set("TMPDIR", folder); // The workers inherit it, and are known by it.
    await soak.run();
    if (outer === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", outer);
    const leaks = await findLeaks(folder);
    const descriptors = await leftOpen(before);
    await ensureDir(dirname(options.plot));
    await Deno.writeTextFile(options.plot, plot(soak));
    console.log(summary(soak));
    return conclude(soak.tally, { processes: leaks.processes ?? [], files: leaks.files, descriptors });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function conclude({ wrong }: Tally, left: Record<"processes" | "files" | "descriptors", readonly string[]>): number {
  console.log(
    `left: ${left.processes.length} processes, ${left.files.length} files, ${left.descriptors.length} kinds of open files or sockets`,
  );
  const problems = [...wrong.slice(0, 10), ...Object.values(left).flat()];
  console.log(problems.length === 0 ? "nothing wrong" : `${wrong.length} wrong answers\n${problems.join("\n")}`);
  return problems.length === 0 ? 0 : 1;
}

if (import.meta.main) await runTool(main);
