/**
 * What a plugin on a Ray cluster costs beside the same plugin on this machine: `deno task bench ray`. It starts a real cluster of two nodes, with the Ray of
 * the tests.
 *
 * @module
 */
import { type Manifest, RemotePluginProxy } from "@remote-plugin/proxy";
import { PluginManager } from "@remote-plugin/proxy/manager";
import { ray } from "@remote-plugin/proxy/ray";
import { findPythonWith, RAY } from "@remote-plugin/tools/packages";
import { findPython } from "@remote-plugin/tools/python";
import { dirname } from "@std/path";
import { ON_SECOND, RayCluster } from "../../tests/support/ray_cluster.ts";
import { median, quantile } from "../driver/stats.ts";
import { headTime, look } from "./costs.ts";
import { argument, chunkLags, type Compared, milliseconds, result, smallCalls } from "./measures.ts";

const MANIFEST: Manifest = {
  name: "measured",
  module: "measured_plugin",
  class: "Measured",
  plugin_path: import.meta.dirname!,
  env_vars: { PYTHONDONTWRITEBYTECODE: "1" },
  restart: { mode: "on_failure", initial_delay_ms: 1, max_crashes: 100 },
};
const ON_A_NODE = { cpus: 0.1, custom: ON_SECOND };
const CRASHES = 7;
const STARTS = 7;
const NAP_S = 0.05;

/** Prints one figure as it was measured. */
function tell(what: string, values: readonly number[], { unit, most }: { readonly unit: string; readonly most?: string }): void {
  const limit = most === undefined ? "" : `, wanted ${most}`;
  console.log(`${what}: ${shown(median(values))} ${unit} (${shown(Math.min(...values))} to ${shown(Math.max(...values))})${limit}`);
}

function shown(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function tellCompared({ what, here, there, most }: Compared): void {
  tell(`${what}, by TCP on this machine`, here, { unit: "ms" });
  tell(`${what}, on the cluster`, there, { unit: "ms" });
  tell(`${what}, ratio`, there.map((time, at) => time / here[at]!), { unit: "times", most: `at most ${most}` });
}

/** The same plugin, reached from a program that shares nothing with its worker but a connection: files go by it as well. */
async function compare(cluster: RayCluster, python: string): Promise<void> {
  await using owner = await RemotePluginProxy.start({ ...MANIFEST, python_path: python, transport: "tcp" });
  const { url, token } = owner.endpoint!;
  await using here = await RemotePluginProxy.attach({ url, token });
  await using there = await start(cluster);
  const turns = { here, there };
  tellCompared(await smallCalls(turns));
  tellCompared(await argument(turns));
  tellCompared(await result(turns));
  const lags = await chunkLags(there);
  console.log(
    `a chunk arrives ${shown(median(lags))} ms after it is made, p90 ${shown(quantile(lags, 0.9))}, at most ${shown(Math.max(...lags))}`,
  );
}

function start({ dashboard, token }: RayCluster): Promise<RemotePluginProxy> {
  return RemotePluginProxy.start(MANIFEST, { launcher: ray({ dashboard, token, resources: ON_A_NODE }) });
}

async function lifecycle(cluster: RayCluster): Promise<void> {
  const starts: number[] = [];
  const stops: number[] = [];
  for (let round = 0; round < STARTS; round++) {
    let plugin: RemotePluginProxy | undefined;
    starts.push(await milliseconds(async () => plugin = await start(cluster)));
    stops.push(await milliseconds(() => plugin!.cleanup()));
  }
  tell("start", starts, { unit: "ms" });
  tell("stop", stops, { unit: "ms", most: "at most 1,000" });
  await using plugin = await start(cluster);
  const told: number[] = [];
  const again: number[] = [];
  for (let round = 0; round < CRASHES; round++) {
    const ended = plugin.execute({ seconds: 60 }).catch(() => {});
    told.push(await milliseconds(() => cluster.kill("worker").then(() => ended)));
    again.push(told.at(-1)! + await milliseconds(() => plugin.execute()));
  }
  tell("from the kill of a worker to the error of its call", told, { unit: "ms" });
  tell("from the kill of a worker to the answer of the next one", again, { unit: "ms", most: "at most 3,000" });
}

/** Calls of a plugin that sleeps, and what its workers cost. */
async function scale(cluster: RayCluster): Promise<void> {
  const { dashboard, token } = cluster;
  const empty = await look(cluster);
  let one: number | undefined;
  for (const workers of [1, 2, 4]) {
    const launcher = ray({ dashboard, token, resources: { cpus: 1 } });
    await using manager = await PluginManager.create({ manifests: [MANIFEST], launcher, replicas: { min: workers, max: workers } });
    const began = performance.now();
    await manager.load("measured");
    const tookMs = performance.now() - began;
    const plugin = manager.get("measured");
    const rates: number[] = [];
    for (let round = 0; round < 5; round++) {
      const calls = () => Promise.all(Array.from({ length: 20 * workers }, () => plugin.execute({ seconds: NAP_S })));
      rates.push(20 * workers * 1_000 / await milliseconds(calls));
    }
    one ??= median(rates);
    const nodes = new Set((await manager.getStats()).plugins.flatMap((each) => each.workers.map(({ placement }) => placement!.node)));
    console.log(
      `${workers} ${workers === 1 ? "worker" : "workers"} on ${nodes.size} ${nodes.size === 1 ? "node" : "nodes"}, ready together after ${
        shown(tookMs)
      } ms`,
    );
    tell(`  ${shown(median(rates) / one)} times the calls of one`, rates, { unit: "a second" });
    if (workers === 4) await tellCosts(cluster, { empty, workers });
  }
}

async function tellCosts(
  cluster: RayCluster,
  { empty, workers }: { empty: Awaited<ReturnType<typeof look>>; workers: number },
): Promise<void> {
  const before = await look(cluster);
  await new Promise((resolve) => setTimeout(resolve, 20_000)); // What idle workers cost is told by time.
  const after = await look(cluster);
  const seconds = (after.time - before.time) / 1_000;
  for (const [kind, sizes] of Object.entries(before.memory)) {
    const mib = sizes.reduce((sum, size) => sum + size, 0) / 1024 / workers;
    console.log(`  a worker's ${kind} on its node: ${shown(mib)} MiB`);
  }
  console.log(`  the host: ${(before.hostFiles - empty.hostFiles) / workers} descriptors a worker`);
  console.log(`  the host, idle: ${shown((after.host - before.host) / seconds)} ms of a core a second with ${workers} workers`);
  console.log(`  the head, idle: ${shown(headTime(before, after) / seconds)} ms of a core a second with ${workers} workers`);
}

/** What a start and an end cost the head. */
async function headCosts(cluster: RayCluster): Promise<void> {
  const looks = [await look(cluster)];
  await new Promise((resolve) => setTimeout(resolve, 20_000)); // What a head without workers costs is told by time.
  looks.push(await look(cluster));
  const idle = headTime(looks[0]!, looks[1]!) / (looks[1]!.time - looks[0]!.time);
  const idleHost = (looks[1]!.host - looks[0]!.host) / (looks[1]!.time - looks[0]!.time);
  console.log(`idle without workers, ms of a core a second: the head ${shown(1_000 * idle)}, the host ${shown(1_000 * idleHost)}`);
  for (let round = 0; round < STARTS; round++) await (await start(cluster)).cleanup();
  looks.push(await look(cluster));
  const [, before, after] = looks;
  const used = headTime(before!, after!) - idle * (after!.time - before!.time);
  console.log(`the head, for a start and an end: ${shown(used / STARTS)} ms of a core`);
}

async function main(): Promise<number> {
  const python = await findPython();
  const found = await findPythonWith(RAY, python);
  if (found.program === undefined) {
    console.error(`There is no Ray to measure: ${found.reason}`);
    return 1;
  }
  await using cluster = await RayCluster.start(dirname(dirname(found.program)));
  console.log(`Two nodes of Ray were up after ${cluster.seconds} s; load ${Deno.loadavg().map(shown).join(" ")}`);
  await compare(cluster, python!);
  await lifecycle(cluster);
  await scale(cluster);
  await headCosts(cluster);
  console.log(`Load at the end: ${Deno.loadavg().map(shown).join(" ")}`);
  return 0;
}

if (import.meta.main) Deno.exit(await main());
