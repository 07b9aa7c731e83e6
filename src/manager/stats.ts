/**
 * Adds up what plugins use.
 *
 * @module
 */
import type { Entry } from "./entry.ts";
import { gpuMemoryByProcess } from "./gpu.ts";
import { ProcessTable } from "./process_table.ts";
import type { ManagerStats, PluginStats, WorkerStats } from "./info.ts";
import type { Replica } from "./replica.ts";

/** How long a worker may take to tell its figures, in milliseconds; one that takes longer has none this time. */
const LIMIT_MS = 2_000;

/** Asks all workers at once. */
export async function collectStats(entries: readonly Entry[], gpuProgram: string): Promise<ManagerStats> {
  const hasWorkers = entries.some(({ pool }) => pool !== undefined);
  const [gpu, processes] = hasWorkers ? await Promise.all([gpuMemoryByProcess(gpuProgram), ProcessTable.read()]) : [new Map()];
  const plugins = await Promise.all(entries.map((entry) => pluginStats(entry, { gpu, processes })));
  const workers = plugins.flatMap((plugin) => plugin.workers);
  const sum = (figure: (worker: WorkerStats) => number): number => workers.reduce((total, worker) => total + figure(worker), 0);
  return {
    plugins,
    total: {
      workers: workers.length,
      cpuPercent: sum(({ cpuPercent }) => cpuPercent),
      memoryMb: sum(({ memoryMb }) => memoryMb),
      gpuMemoryMb: workers.every(({ gpuMemoryMb }) => gpuMemoryMb === undefined) ? undefined : sum(({ gpuMemoryMb }) => gpuMemoryMb ?? 0),
      running: sum(({ running }) => running),
    },
  };
}

interface MachineFacts {
  readonly gpu: ReadonlyMap<number, number>;
  readonly processes: ProcessTable | undefined;
}

async function pluginStats({ spec: { name, version }, state, queued, pool, counter }: Entry, facts: MachineFacts): Promise<PluginStats> {
  const workers = await Promise.all([...pool?.replicas ?? []].map((replica) => workerStats(replica, facts)));
  return {
    name,
    version,
    state,
    queued,
    workers: workers.filter((worker) => worker !== undefined),
    calls: counter.stats(pool?.waiting ?? 0),
  };
}

/** `undefined` for a worker that does not answer, which others see to. */
async function workerStats({ plugin }: Replica, { gpu, processes }: MachineFacts): Promise<WorkerStats | undefined> {
  try {
    const { pid, cpu_percent, memory_rss_mb, gpu_memory_mb, uptime_s, calls } = await plugin.ask("getStats", { timeoutMs: LIMIT_MS });
    const { placement } = plugin;
    const usage = { pid, cpuPercent: cpu_percent, uptimeS: uptime_s, running: calls.running };
    // What this machine knows of its processes says nothing of those elsewhere.
    if (placement !== undefined) return { ...usage, placement, memoryMb: memory_rss_mb, gpuMemoryMb: gpu_memory_mb };
    const children = processes?.descendants(pid) ?? [];
    const memoryMb = children.reduce((sum, child) => sum + processes!.memoryMb(child), memory_rss_mb);
    const onGpu = [pid, ...children].filter((one) => gpu.has(one));
    const gpuMemoryMb = onGpu.length === 0 ? gpu_memory_mb : onGpu.reduce((sum, one) => sum + gpu.get(one)!, 0);
    return { ...usage, memoryMb, gpuMemoryMb };
  } catch {
    return undefined;
  }
}
