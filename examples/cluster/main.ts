// flags: --allow-net=0.0.0.0/0 --allow-read=$TMP,$HERE --allow-write=$TMP --allow-env=TMPDIR,TMP,TEMP
// plugin: nodes.json
/**
 * Four workers on a cluster of two nodes, and what becomes of the calls when one node is killed. Ray comes from PyPI; the nodes are on this machine.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { RemotePluginProxy, WorkerExitError } from "@remote-plugin/proxy";
import { type ManagerEvent, PluginManager } from "@remote-plugin/proxy/manager";
import { ray } from "@remote-plugin/proxy/ray";
import { Checks } from "../shared/checks.ts";
import { orSkip, tellStep } from "../shared/environment.ts";
import { bold } from "../shared/terminal.ts";

const CALLS = 120;
const WORKERS = 4;

/** What the cluster tells who starts plugins on it. */
interface ClusterAccess {
  readonly dashboard: string;
  readonly token: string;
}

async function main(): Promise<void> {
  await using nodes = await RemotePluginProxy.start(fromFileUrl(new URL("nodes.json", import.meta.url)), { onEnvironment: tellStep });
  console.log(`${bold("Starting")} two nodes of Ray`);
  const access = await nodes.call<ClusterAccess>("start");
  console.log(`The cluster's dashboard is ${access.dashboard}`);
  await useCluster(access, () => nodes.call("kill_second"));
}

async function useCluster({ dashboard, token }: ClusterAccess, killNode: () => Promise<unknown>): Promise<void> {
  const launcher = ray({ dashboard, token, resources: { cpus: 0.1, custom: { slot: 1 } }, nodes: [new URL(dashboard).hostname] });
  await using manager = await PluginManager.create({
    manifests: [fromFileUrl(new URL("tallies.json", import.meta.url))],
    launcher,
    replicas: { min: 1, max: WORKERS },
  });
  const watch = new Watch(manager);
  const tally = await Deno.makeTempFile();
  await using files = new AsyncDisposableStack();
  files.defer(() => Deno.remove(tally));
  const plugin = manager.get("tallies");
  const calls = Promise.allSettled(Array.from({ length: CALLS }, (_, number) => plugin.execute({ number, tally })));
  await watch.full;
  console.log(`${bold("Killing")} one node, with two of the four workers on it`);
  await killNode();
  const results = await calls;
  await watch.queued;
  report(results, { begun: await readTally(tally), watch });
}

/** Tells what becomes of the workers, and notes what is asked about later. */
class Watch {
  /** The jobs that the workers are. */
  readonly jobs = new Set<string>();
  readonly #full = Promise.withResolvers<void>();
  readonly #queued = Promise.withResolvers<void>();

  constructor({ events }: PluginManager) {
    void this.#read(events);
  }

  /** All workers run that may. */
  get full(): Promise<void> {
    return this.#full.promise;
  }

  /** A start waits for a node with room. */
  get queued(): Promise<void> {
    return this.#queued.promise;
  }

  async #read(events: AsyncIterable<ManagerEvent>): Promise<void> {
    for await (const event of events) this.#take(event);
  }

  #take(event: ManagerEvent): void {
    if (event.type === "ready" && event.placement !== undefined) {
      this.jobs.add(event.placement.job);
      console.log(`  a worker is ready after ${(event.tookMs / 1_000).toFixed(1)} s, as the job ${event.placement.job}`);
      if (this.jobs.size === WORKERS) this.#full.resolve();
    } else if (event.type === "exited") console.log("  a worker was lost with its node");
    else if (event.type === "queued") {
      console.log(`  a start waits: ${event.reason}`);
      this.#queued.resolve();
    } else if (event.type === "failed") this.#full.reject(event.error);
  }
}

/** The calls that have begun, each as often as it has. */
async function readTally(path: string): Promise<number[]> {
  return (await Deno.readTextFile(path)).trim().split("\n").map(Number);
}

function report(results: readonly PromiseSettledResult<unknown>[], { begun, watch }: { begun: readonly number[]; watch: Watch }): void {
  const lost = results.flatMap(({ status }, number) => status === "rejected" ? [number] : []);
  const reasons = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
  console.log(`${bold("Result")}: ${CALLS - lost.length} of ${CALLS} calls were answered, ${lost.length} were with the lost workers`);
  const checks = new Checks();
  checks.that("four workers ran, each a job of its own", watch.jobs.size >= WORKERS, `${watch.jobs.size}`);
  checks.that("two workers were lost, each with at most one call", lost.length <= 2, `${lost.length}`);
  checks.that("each lost call is a WorkerExitError", reasons.every((reason) => reason instanceof WorkerExitError), String(reasons));
  // One that was on its way to a lost worker may have begun there: nobody can tell any more, so that it is not run again.
  const unbegun = results.keys().filter((number) => !begun.includes(number)).toArray();
  checks.that("every other call has begun", unbegun.every((number) => lost.includes(number)), unbegun.join());
  checks.that("no call ran twice", new Set(begun).size === begun.length, `${begun.length} beginnings`);
  checks.report();
}

await orSkip(main);
