/**
 * What workers cost a cluster's head, a node and the host, for the model in docs/ray.md.
 *
 * @module
 */
import { capture } from "@remote-plugin/tools/run";
import type { RayCluster } from "../../tests/support/ray_cluster.ts";
import { proportionalMemory } from "../process_memory.ts";
import { processorTimes, usedBetween } from "../processor_time.ts";

/** A look at the processes of a cluster and at the host. */
export interface Look {
  readonly time: number;
  /** Of the processes that only the head has, by process, in milliseconds. */
  readonly head: ReadonlyMap<number, number>;
  readonly host: number;
  readonly hostKb: number;
  readonly hostFiles: number;
  /** The memory of what stands on a node for a worker, in KiB, by kind. */
  readonly memory: Readonly<Record<"supervisor" | "agent" | "worker", readonly number[]>>;
}

/** Takes a look. */
export async function look(cluster: RayCluster): Promise<Look> {
  const pids = await cluster.pids();
  const kinds = ["supervisor", "agent", "worker"] as const;
  const memory = await proportionalMemory(kinds.flatMap((kind) => pids[kind] ?? []));
  const of = (kind: typeof kinds[number]) => (pids[kind] ?? []).flatMap((pid) => memory.get(pid) ?? []);
  const { stdout } = await capture(["sh", "-c", `ls /proc/${Deno.pid}/fd | wc -l`]);
  return {
    time: performance.now(),
    head: await processorTimes([...pids.gcs ?? [], ...pids.dashboard ?? []]),
    host: (await processorTimes([Deno.pid])).get(Deno.pid) ?? 0,
    hostKb: Deno.memoryUsage().rss / 1024,
    hostFiles: Number(stdout.trim()),
    memory: { supervisor: of("supervisor"), agent: of("agent"), worker: of("worker") },
  };
}

/** The processor time of the head's own processes between two looks, in milliseconds. */
export function headTime(before: Look, after: Look): number {
  return usedBetween(before.head, after.head);
}
