/**
 * `deno task bench payload`, which `deno task bench` runs as well: how long a value takes to a Python plugin and back, by size and by way, against a
 * plain copy of the same bytes. Writes `docs/payload.md` and `docs/payload.svg`. `--quick` measures 64 MiB alone and prints the ratios.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { RemotePluginProxy } from "@remote-plugin/proxy";
import { BIG, COPIES, type MemoryRow, payloadPage, type PayloadResults, payloadText } from "./page.ts";
import { refuseAll, runTool } from "@remote-plugin/tools/arguments";
import { pathOf, registryFlags } from "@remote-plugin/tools/registry";
import { capture } from "@remote-plugin/tools/run";
import { median } from "../driver/stats.ts";
import { formatBytes, payloadSvg, type Row } from "./svg.ts";
import { MIB, type Traveller, type Way, WAYS } from "./ways.ts";

const USAGE = "Usage: deno task bench payload [--quick]";
const KIB = 1024;
const SIZES = [1, 16, 64, 128, 256, 1024, 16 * 1024, 64 * 1024, 256 * 1024, 1024 * 1024].map((kib) => kib * KIB);

/** The ways whose memory is measured: those of one copy. */
const LEAN_WAYS = WAYS.filter(({ name }) => name.startsWith("file"));

async function timeOf(way: Way, traveller: Traveller): Promise<number> {
  const begun = performance.now();
  const length = await way.run(traveller);
  const milliseconds = performance.now() - begun;
  if (length !== traveller.data.length) throw new Error(`${way.name}: ${length} bytes came, not ${traveller.data.length}`);
  return milliseconds;
}

/** What the machine does meanwhile hits the copies as well, which are made between the runs. */
async function measureSize(plugin: RemotePluginProxy, size: number, folder: string): Promise<Row> {
  const traveller = { plugin, data: new Uint8Array(size).fill(97) };
  const times = new Map<string, number[]>();
  const copies = COPIES.map((name) => [name, [] as number[]] as const);
  for (const way of WAYS.filter(({ limit }) => size <= limit)) {
    if (way.prepares !== undefined) await plugin.execute({ action: "prepare", way: way.prepares, size });
    await timeOf(way, traveller);
    times.set(way.name, []);
    for (let round = 0; round < roundsFor(size); round++) {
      times.get(way.name)!.push(await timeOf(way, traveller));
      if (!way.name.startsWith("file")) continue;
      const seconds = await plugin.execute<number[]>({ action: "memcpy", folder, size });
      copies.forEach(([, taken], i) => taken.push(seconds[i]! * 1000));
    }
    await plugin.execute({ action: "prepare", way: "text", size: 0 });
  }
  const cells = [...times, ...copies].map(([name, all]) => [name, { ms: median(all), low: Math.min(...all), high: Math.max(...all) }]);
  return { size, cells: Object.fromEntries(cells) };
}

function roundsFor(size: number): number {
  if (size <= MIB) return 11;
  return size <= BIG ? 5 : size < 1024 * MIB ? 3 : 1;
}

function ownMemory(key: string): number {
  const line = Deno.readTextFileSync("/proc/self/status").split("\n").find((one) => one.startsWith(key));
  return Number(/\d+/.exec(line ?? "")?.[0] ?? 0) * KIB;
}

/** The most memory that host and worker have, on top of what they have without the value, as a multiple of the value. */
async function measureMemory(way: Way): Promise<MemoryRow> {
  await using plugin = await start();
  await plugin.execute({ action: "peak" });
  // What comes out is not in the host before, and kept memory was there before.
  const keeps = way.name.includes("kept");
  const data = way.direction === "in" || keeps ? new Uint8Array(BIG).fill(97) : { length: BIG } as Uint8Array<ArrayBuffer>;
  const own = way.direction === "in" || keeps ? BIG : 0;
  const before = [ownMemory("VmRSS") - own, await plugin.execute<number>({ action: "reset_peak" })];
  await Deno.writeTextFile("/proc/self/clear_refs", "5");
  if (way.prepares !== undefined) await plugin.execute({ action: "prepare", way: way.prepares, size: BIG });
  await timeOf(way, { plugin, data });
  const after = [ownMemory("VmHWM"), await plugin.execute<number>({ action: "peak" })];
  const [host, worker] = after.map((bytes, i) => (bytes - before[i]!) / BIG);
  return [way.name, host!, worker!];
}

function start(): Promise<RemotePluginProxy> {
  const plugin_path = pathOf("bench/payload");
  const env_vars = { PYTHONDONTWRITEBYTECODE: "1" };
  const python_path = Deno.env.get("PYTHON") ?? "python3";
  return RemotePluginProxy.start({ python_path, module: "payload_plugin", class: "Payload", plugin_path, env_vars });
}

/** In a host of its own, which holds nothing of what was measured before. */
async function memoryOf({ name }: Way): Promise<MemoryRow> {
  const program = [Deno.execPath(), "run", "--allow-all", ...registryFlags("npm"), pathOf("bench/payload/main.ts")];
  const { code, stdout, output } = await capture([...program, "--memory", name]);
  if (code !== 0) throw new Error(`The memory of "${name}" could not be measured: ${output}`);
  return JSON.parse(stdout);
}

async function measure(sizes: readonly number[]): Promise<PayloadResults> {
  await using plugin = await start();
  const folder = plugin.endpoint!.scratch!.memory ?? plugin.endpoint!.scratch!.disk;
  const rows: Row[] = [];
  for (const size of sizes) {
    rows.push(await measureSize(plugin, size, folder));
    console.error(`payload: ${formatBytes(size)}`);
  }
  const memory: MemoryRow[] = [];
  for (const way of LEAN_WAYS) memory.push(await memoryOf(way));
  return { folder, rows, memory };
}

async function write(results: PayloadResults): Promise<void> {
  const [page, plot] = [pathOf("docs/payload.md"), pathOf("docs/payload.svg")];
  await Deno.writeTextFile(page, payloadPage(results));
  await Deno.writeTextFile(plot, payloadSvg(results.rows));
  const { code, output } = await capture([Deno.execPath(), "fmt", "--quiet", page, plot]);
  if (code !== 0) throw new Error(`docs/payload.md and its plot cannot be formatted: ${output}`);
}

async function main(): Promise<number> {
  const { quick, memory } = parseArgs(Deno.args, { boolean: ["quick"], string: ["memory"], unknown: refuseAll(USAGE) });
  const measured = WAYS.find(({ name }) => name === memory);
  if (measured !== undefined) {
    console.log(JSON.stringify(await measureMemory(measured)));
    return 0;
  }
  const results = await measure(quick ? [BIG] : SIZES);
  console.log(payloadText(results));
  if (!quick) await write(results);
  return 0;
}

await runTool(main);
