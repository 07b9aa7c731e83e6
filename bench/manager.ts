/**
 * What the manager costs and what it gains: `deno task bench manager`. Each figure is a ratio of two things measured in turn in one run.
 *
 * @module
 */
import { type Manifest, RemotePluginProxy } from "@remote-plugin/proxy";
import { PluginManager } from "@remote-plugin/proxy/manager";

const ROUNDS = 15;
const CALLS = 400;
const PLUGIN = `
import time

class Naps:
    def execute(self, seconds=0.0):
        time.sleep(seconds)
`;

interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1]!, low: sorted[0]!, high: sorted.at(-1)! };
}

function show(what: string, { median, low, high }: Spread, limit: string): void {
  console.log(`${what}: ${median.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)}), wanted ${limit}`);
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
}

async function overhead(manifest: Manifest): Promise<void> {
  await using manager = await PluginManager.create({ manifests: [manifest] });
  await using direct = await RemotePluginProxy.start(manifest);
  const managed = manager.get("naps");
  const plugins = [direct, managed];
  const ratios: number[] = [];
  const each: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const times = [0, 0];
    // One call in turn with one of the other, so that a machine that slows down slows down both.
    for (let call = 0; call < 2 * CALLS; call++) times[call % 2]! += await seconds(() => plugins[call % 2]!.execute());
    if (round === 0) continue; // Warms up.
    ratios.push(times[1]! / times[0]!);
    each.push(1e6 * times[0]! / CALLS);
  }
  show("direct call, µs", spread(each), "for comparison");
  show("a call by the manager / a direct call", spread(ratios), "at most 1.10");
}

async function pools(manifest: Manifest): Promise<void> {
  const ratios: number[] = [];
  for (let round = 0; round < 3; round++) {
    const rates: number[] = [];
    for (const workers of [1, 4]) {
      await using manager = await PluginManager.create({ manifests: [manifest], replicas: { min: workers } });
      const plugin = manager.get("naps");
      await manager.load("naps");
      const calls = () => Promise.all(Array.from({ length: 80 }, () => plugin.execute({ seconds: 0.02 })));
      rates.push(80 / await seconds(calls));
    }
    ratios.push(rates[1]! / rates[0]!);
  }
  show("calls a second of 4 workers / of 1, on 20 ms of sleep", spread(ratios), "at least 3.5");
}

async function listing(folder: string, manifest: Manifest): Promise<void> {
  for (let number = 0; number < 1_000; number++) {
    await Deno.writeTextFile(`${folder}/p${number}.json`, JSON.stringify({ ...manifest, name: `p${number}` }));
  }
  const times: number[] = [];
  for (let round = 0; round < 7; round++) {
    times.push(
      1_000 * await seconds(async () => {
        await using manager = await PluginManager.create({ folders: [folder] });
        if (manager.list().length !== 1_000) throw new Error("not all manifests were found");
      }),
    );
  }
  show("finding and listing 1,000 manifests, ms", spread(times), "under 200");
}

async function growth(manifest: Manifest): Promise<void> {
  const manifests = Array.from({ length: 100 }, (_, number) => ({ ...manifest, name: `naps${number}` }));
  await using manager = await PluginManager.create({ manifests });
  const cycle = async (name: string) => {
    await manager.get(name).execute();
    await manager.unload(name);
  };
  const memory = () => Deno.memoryUsage().rss / 2 ** 20;
  for (const { name } of manifests.slice(0, 20)) await cycle(name);
  const files = await openFiles();
  const before = memory();
  for (const { name } of manifests) await cycle(name);
  console.log(`100 plugins loaded and unloaded: resident memory ${before.toFixed(1)} to ${memory().toFixed(1)} MiB,`);
  console.log(`  open files ${files} to ${await openFiles()}, wanted no growth`);
}

/** Deno reads `/proc` for nobody who does not hold every permission. */
async function openFiles(): Promise<string> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", `ls /proc/${Deno.pid}/fd | wc -l`] }).output();
  return new TextDecoder().decode(stdout).trim();
}

async function main(): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/plugin`);
    await Deno.mkdir(`${folder}/many`);
    await Deno.writeTextFile(`${folder}/plugin/naps.py`, PLUGIN);
    const python = Deno.args[0] ?? "/usr/bin/python3";
    const manifest: Manifest = { name: "naps", python_path: python, module: "naps", class: "Naps", plugin_path: `${folder}/plugin` };
    await overhead(manifest);
    await pools(manifest);
    await listing(`${folder}/many`, manifest);
    await growth(manifest);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await main();
