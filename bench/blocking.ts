/**
 * The blocking proxy beside the asynchronous one: `deno task bench blocking`. Both call one worker, in rounds that alternate, so that what else the machine does
 * falls on both; a ratio is that of one round, and the median of all rounds counts. What a call costs is told by the median call, as in `deno task bench`, and
 * by all calls together, in which what happens now and then (garbage, a thread that has to wait for a processor) has its share.
 *
 * @module
 */
import { type FileResult, type FileResultSync, RemotePluginProxy, RemotePluginProxySync } from "@remote-plugin/proxy";
import { median } from "./driver/stats.ts";

const ROUNDS = 15;
const CALLS = 1_000;
const CHUNKS = 5_000;
const MIB = 1024 * 1024;

const manifest = {
  name: "bench",
  python_path: Deno.env.get("PYTHON") ?? "python3",
  module: "blocking_plugin",
  class: "BlockingPlugin",
  plugin_path: import.meta.dirname!,
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
  /** From the seconds of a round, or of one call, to the figure that is shown. */
  readonly figure: (seconds: number) => number;
  /** How many times as long as the asynchronous one the blocking one may take. */
  readonly most: number;
  /** Each takes one turn, and gives the seconds that it has taken. */
  readonly asynchronous: () => Promise<number>;
  readonly blocking: () => Promise<number>;
}

/** Lets both run in turns, and prints both figures with their spread and the ratio of the seconds, beside the most that it may be. */
async function compare({ what, unit, figure, most, asynchronous, blocking }: Contest): Promise<void> {
  const rounds: { readonly a: number; readonly b: number }[] = [];
  await asynchronous(), await blocking(); // Warm-up
  for (let round = 0; round < ROUNDS; round++) rounds.push({ a: await asynchronous(), b: await blocking() });
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

async function callEach(execute: (kwargs: { value: number }) => unknown): Promise<number[]> {
  const times: number[] = [];
  for (let value = 0; value < CALLS; value++) times.push(await seconds(() => execute({ value })));
  return times;
}

await compare({
  what: "execute(), the median call",
  unit: "µs a call",
  figure: (time) => time * 1e6,
  most: 1.5,
  asynchronous: async () => median(await callEach((kwargs) => plugin.execute(kwargs))),
  blocking: async () => median(await callEach((kwargs) => sync.execute(kwargs))),
});

await compare({
  what: "execute(), all calls",
  unit: "µs a call",
  figure: (time) => time / CALLS * 1e6,
  most: 1.5,
  asynchronous: () =>
    seconds(async () => {
      for (let call = 0; call < CALLS; call++) await plugin.execute({ value: call });
    }),
  blocking: () =>
    seconds(() => {
      for (let call = 0; call < CALLS; call++) sync.execute({ value: call });
    }),
});

await compare({
  what: "executeStream()",
  unit: "chunks a second",
  figure: (time) => CHUNKS / time,
  most: 2,
  asynchronous: () => seconds(() => countAll(plugin.executeStream({ count: CHUNKS }))),
  blocking: () => seconds(() => check(sync.executeStream({ count: CHUNKS }).reduce((count: number) => count + 1, 0))),
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

/** The milliseconds of the median of some runs. */
async function milliseconds(run: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 7; round++) times.push(1000 * await seconds(run));
  return median(times);
}

/** What bytes take on both faces, and, beside it, their copy: up to 1 MiB each call makes one of what it is given (`src/payload/take.ts`). */
async function bytesRow(size: number): Promise<string> {
  const value = new Uint8Array(size).fill(1);
  const columns = [
    await milliseconds(() => value.slice()),
    await milliseconds(() => plugin.execute({ value })),
    await milliseconds(() => sync.execute({ value })),
    await milliseconds(async () => {
      await using result = await plugin.execute<FileResult>({ size });
      await result.bytes();
    }),
    await milliseconds(() => {
      using result = sync.execute<FileResultSync>({ size });
      result.bytes();
    }),
  ];
  const name = size < MIB ? `${size / 1024} KiB` : `${size / MIB} MiB`;
  return `  ${name.padEnd(8)}${columns.map((column) => column.toPrecision(3).padStart(10)).join("")}`;
}

console.log("Bytes, in milliseconds: their copy, in asynchronous, in blocking, out asynchronous, out blocking");
for (const kib of [1, 64, 256, 1024, 4 * 1024, 16 * 1024, 64 * 1024, 256 * 1024]) console.log(await bytesRow(kib * 1024));
