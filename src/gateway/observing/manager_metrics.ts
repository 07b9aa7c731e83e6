/**
 * What Prometheus is told of plugins and their workers.
 *
 * @module
 */
import { Counter, Gauge, type Registry } from "prom-client";
import type { ManagerEvent } from "../../manager/events.ts";
import type { PluginState, PluginStats, WorkerStats } from "../../manager/info.ts";
import type { PluginManager } from "../../manager/plugin_manager.ts";

const STATES: Readonly<Record<PluginState["kind"], true>> = {
  registered: true,
  starting: true,
  running: true,
  reloading: true,
  stopping: true,
  failed: true,
  disabled: true,
};

const MIB = 2 ** 20;

/** Figures that are true at one moment. Those of plugins that have gone are told no more. */
export class ManagerMetrics {
  readonly #manager: PluginManager;
  readonly #states: Gauge<"plugin" | "version" | "state">;
  readonly #workers: Gauge<"plugin" | "version" | "state">;
  readonly #waiting: Gauge<"plugin" | "version">;
  readonly #queued: Gauge<"plugin" | "version">;
  readonly #memory: Gauge<"plugin" | "version">;
  readonly #gpuMemory: Gauge<"plugin" | "version">;
  readonly #cpu: Gauge<"plugin" | "version">;
  readonly #starts: Counter<"plugin" | "version">;
  readonly #ends: Counter<"plugin" | "version" | "reason">;

  /** Adds the figures to registries, and counts the workers that start and end from now on. */
  constructor(manager: PluginManager, registers: Registry[]) {
    this.#manager = manager;
    const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
      new Gauge<"plugin" | "version" | Label>({
        name: `remote_plugin_${name}`,
        help,
        labelNames: ["plugin", "version", ...labelNames],
        registers,
      });
    this.#states = gauge("state", "1 for the state in which a plugin is, 0 for the others", ["state"]);
    this.#workers = gauge("workers", "Workers, by whether they run a call", ["state"]);
    this.#waiting = gauge("waiting_calls", "Calls that wait for a worker", []);
    this.#queued = gauge("queued_starts", "Starts of workers that wait for others, such as a node of a cluster that has room", []);
    this.#memory = gauge("worker_memory_bytes", "Resident memory of a plugin's workers and of what they have started", []);
    this.#gpuMemory = gauge("worker_gpu_memory_bytes", "GPU memory of a plugin's workers", []);
    this.#cpu = gauge("worker_cpu_cores", "Cores that a plugin's workers have kept busy since they were asked last", []);
    const labelNames = ["plugin", "version"] as const;
    this.#starts = new Counter({ name: "remote_plugin_worker_starts_total", help: "Workers that were started", labelNames, registers });
    this.#ends = new Counter({
      name: "remote_plugin_worker_ends_total",
      help: "Workers that have ended, or could not be started (failed), by why",
      labelNames: [...labelNames, "reason"],
      registers,
    });
    void this.#count(manager.events[Symbol.asyncIterator]());
  }

  /** Asks the workers. One that does not answer has no figures this time. */
  async collect(): Promise<void> {
    const { plugins } = await this.#manager.getStats();
    // What follows waits for nothing, so that whoever else collects sees all of it or nothing.
    for (const gauge of [this.#states, this.#workers, this.#waiting, this.#queued, this.#memory, this.#gpuMemory, this.#cpu]) gauge.reset();
    for (const plugin of plugins) this.#tell(plugin);
  }

  #tell({ name: plugin, version, state, queued, workers, calls }: PluginStats): void {
    const labels = { plugin, version };
    for (const kind of Object.keys(STATES)) this.#states.set({ ...labels, state: kind }, kind === state.kind ? 1 : 0);
    const busy = workers.filter(({ running }) => running > 0).length;
    this.#workers.set({ ...labels, state: "busy" }, busy);
    this.#workers.set({ ...labels, state: "idle" }, workers.length - busy);
    this.#waiting.set(labels, calls.waiting);
    this.#queued.set(labels, queued.length);
    this.#memory.set(labels, sumOf(workers, "memoryMb") * MIB);
    this.#cpu.set(labels, sumOf(workers, "cpuPercent") / 100);
    if (workers.some(({ gpuMemoryMb }) => gpuMemoryMb !== undefined)) this.#gpuMemory.set(labels, sumOf(workers, "gpuMemoryMb") * MIB);
  }

  async #count(events: AsyncIterator<ManagerEvent>): Promise<void> {
    for (let next = await events.next(); !next.done; next = await events.next()) this.#countOne(next.value);
  }

  #countOne(event: ManagerEvent): void {
    if (event.type === "problem" || event.type === "dropped") return;
    const labels = { plugin: event.plugin, version: event.version };
    if (event.type === "ready") this.#starts.inc(labels);
    const reason = reasonOf(event);
    if (reason !== undefined) this.#ends.inc({ ...labels, reason });
  }
}

/** Why a worker is no more; `undefined` for what is no worker's end. */
function reasonOf(event: ManagerEvent): string | undefined {
  if (event.type === "stopped") return event.reason;
  return event.type === "exited" || event.type === "restarting" || event.type === "failed" ? event.type : undefined;
}

function sumOf(workers: readonly WorkerStats[], figure: "memoryMb" | "cpuPercent" | "gpuMemoryMb"): number {
  return workers.reduce((sum, worker) => sum + (worker[figure] ?? 0), 0);
}
