/**
 * The blocking proxy beside the asynchronous one: `deno task bench:sync`. Both call one worker, in rounds that alternate, so that what else the machine does
 * falls on both; a ratio is that of one round, and the median of all rounds counts.
 *
 * @module
 */
import { RemotePluginProxy, RemotePluginProxySync } from "@remote-plugin/proxy";

const ROUNDS = 15;
const CALLS = 200;
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
  readonly asynchronous: () => Promise<unknown>;
  readonly blocking: () => unknown;
}

/** Lets both run in turns, and prints both figures with their spread and the ratio of the seconds. */
async function compare({ what, unit, figure, asynchronous, blocking }: Contest): Promise<void> {
  const rounds: { readonly a: number; readonly b: number }[] = [];
  await asynchronous(), blocking(); // Warm-up
  for (let round = 0; round < ROUNDS; round++) rounds.push({ a: await seconds(asynchronous), b: await seconds(blocking) });
  console.log(`${what}, ${ROUNDS} rounds`);
  console.log(`  asynchronous  ${spread(rounds.map(({ a }) => figure(a)))} ${unit}`);
  console.log(`  blocking      ${spread(rounds.map(({ b }) => figure(b)))} ${unit}`);
  console.log(`  blocking takes ${spread(rounds.map(({ a, b }) => b / a))} times as long`);
}

/** The median, the least and the most. */
function spread(values: readonly number[]): string {
  const sorted = values.toSorted((one, other) => one - other);
  const [least, median, most] = [0, sorted.length >> 1, sorted.length - 1].map((at) => shown(sorted[at]!));
  return `${median} (${least} to ${most})`;
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
  asynchronous: () => countAll(plugin.executeStream({ count: CHUNKS })),
  blocking: () => check([...sync.executeStream({ count: CHUNKS })].length),
});

const value = "0123456789abcdef".repeat(4 * MIB);
for (const [name, proxy] of [["asynchronous", plugin], ["blocking", sync]] as const) {
  let back: unknown;
  const time = await seconds(async () => back = await proxy.execute({ value }));
  if (back !== value) throw new Error("The value came back changed");
  console.log(`64 MiB there and back, ${name}: ${time.toFixed(2)} s`);
}
