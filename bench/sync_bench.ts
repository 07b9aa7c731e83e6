/**
 * The blocking proxy beside the asynchronous one: `deno task bench:sync`. Both call one worker, in rounds that alternate, so that what else the machine does
 * falls on both; a ratio is that of one round, and the median of all rounds counts.
 *
 * @module
 */
import { RemotePluginProxy, RemotePluginProxySync } from "@remote-plugin/proxy";

const ROUNDS = 15;
const CALLS = 1_000;
const CHUNKS = 5_000;
const MIB = 1024 * 1024;

const manifest = {
  name: "bench",
  python_path: Deno.env.get("PYTHON") ?? "python3",
  module: "sync_bench_plugin",
  class: "SyncBenchPlugin",
  plugin_path: new URL(".", import.meta.url).pathname,
  env_vars: { PYTHONDONTWRITEBYTECODE: "1" },
};

/** The seconds that something takes. */
async function seconds(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}

interface Contest {
  readonly what: string;
  readonly unit: string;
  /** From the seconds of a round to the figure that is shown. */
  readonly figure: (seconds: number) => number;
  /** How many times as long as the asynchronous one the blocking one may take. */
  readonly most: number;
  readonly asynchronous: () => Promise<unknown>;
  readonly blocking: () => unknown;
}

/** Lets both run in turns, and prints both figures with their spread and the ratio of the seconds, beside the most that it may be. */
async function compare({ what, unit, figure, most, asynchronous, blocking }: Contest): Promise<void> {
  const rounds: { readonly a: number; readonly b: number }[] = [];
  await asynchronous(), blocking(); // Warm-up
  for (let round = 0; round < ROUNDS; round++) rounds.push({ a: await seconds(asynchronous), b: await seconds(blocking) });
  console.log(`${what}, ${ROUNDS} rounds`);
  console.log(`  asynchronous  ${spread(rounds.map(({ a }) => figure(a)))} ${unit}`);
  console.log(`  blocking      ${spread(rounds.map(({ b }) => figure(b)))} ${unit}`);
  const ratios = rounds.map(({ a, b }) => b / a);
  const verdict = median(ratios) <= most ? "met" : "missed";
  console.log(`  blocking takes ${spread(ratios)} times as long; at most ${most}: ${verdict}`);
}

/** The median, the least and the most. */
function spread(values: readonly number[]): string {
  return `${shown(median(values))} (${shown(Math.min(...values))} to ${shown(Math.max(...values))})`;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1]!;
}

function shown(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}

async function countAll(stream: AsyncIterable<unknown>): Promise<void> {
  let count = 0;
  for await (const _ of stream) count++;
  check(count);
}

function check(count: number): void {
  if (count !== CHUNKS) throw new Error(`${count} chunks came instead of ${CHUNKS}`);
}

using sync = RemotePluginProxySync.start(manifest);
await using plugin = await RemotePluginProxy.attach(sync.endpoint!);

await compare({
  what: "execute()",
  unit: "µs a call",
  figure: (time) => time / CALLS * 1e6,
  most: 1.5,
  asynchronous: async () => {
    for (let call = 0; call < CALLS; call++) await plugin.execute({ value: call });
  },
  blocking: () => {
    for (let call = 0; call < CALLS; call++) sync.execute({ value: call });
  },
});

await compare({
  what: "executeStream()",
  unit: "chunks a second",
  figure: (time) => CHUNKS / time,
  most: 2,
  asynchronous: () => countAll(plugin.executeStream({ count: CHUNKS })),
  blocking: () => check(sync.executeStream({ count: CHUNKS }).reduce((count: number) => count + 1, 0)),
});

// Half a gigabyte, of which a few chunks are here at a time.
const text = "x".repeat(256 * 1024);
const before = Deno.memoryUsage().rss;
let peak = 0;
for (const _ of sync.executeStream({ count: 2_000, text })) peak = Math.max(peak, Deno.memoryUsage().rss);
console.log(`a blocking stream of 2,000 chunks of 256 KiB: the program grew by ${Math.round((peak - before) / MIB)} MiB at most`);

const value = "0123456789abcdef".repeat(4 * MIB);
for (const [name, proxy] of [["asynchronous", plugin], ["blocking", sync]] as const) {
  let back: unknown;
  const time = await seconds(async () => back = await proxy.execute({ value }));
  if (back !== value) throw new Error("The value came back changed");
  console.log(`64 MiB there and back, ${name}: ${time.toFixed(2)} s`);
}
