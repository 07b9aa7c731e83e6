/**
 * The pools of one plugin: the one that takes its calls, and those that finish theirs.
 *
 * @module
 */
import type { PluginSpec } from "../manifest/manifest.ts";
import { capacityOf } from "../protocol/batch.ts";
import type { WorkerExit } from "../process/worker_process.ts";
import type { PluginEvent, StopReason } from "./events.ts";
import { Launcher, type LauncherPlugin, type Shared } from "./launcher.ts";
import type { PluginSettings } from "./options.ts";
import { Pool, type PoolLimits } from "./pool.ts";
import type { Replica } from "./replica.ts";

/** What the pools need of their plugin. */
export interface PoolsPlugin extends Pick<LauncherPlugin, "configuration" | "signal"> {
  readonly settings: PluginSettings;
  readonly emit: (event: PluginEvent) => void;
  /** A worker has nothing to do. */
  readonly onIdle: () => void;
  /** The last worker of a pool has gone, and nobody has asked for that. */
  readonly onLost: (pool: Pool) => void;
}

/** Starts pools, and knows those whose workers have not all gone. */
export class Pools {
  readonly #shared: Shared;
  readonly #plugin: PoolsPlugin;
  /** Whoever ends the plugin waits for all of them. */
  readonly #started = new Set<Pool>();

  /** Starts nothing yet. */
  constructor(shared: Shared, plugin: PoolsPlugin) {
    this.#shared = shared;
    this.#plugin = plugin;
  }

  /** How many workers a pool of such a manifest has. */
  limits({ maxConcurrency, batch }: PluginSpec): PoolLimits {
    const { min = 1, max = min, spare = 0 } = this.#plugin.settings.replicas ?? this.#shared.options.replicas ?? {};
    return { min: Math.max(1, min), max: Math.max(1, min, max), spare, callsEach: capacityOf(maxConcurrency, batch) };
  }

  /** Whether the first workers of one more pool fit beside all that is loaded. */
  hasRoom(spec: PluginSpec): boolean {
    return this.#launcher(spec).hasRoom(this.limits(spec).min);
  }

  /** Starts a pool with its first workers. */
  async start(spec: PluginSpec): Promise<Pool> {
    const launcher = this.#launcher(spec);
    const startedAt = Date.now();
    const pool: Pool = new Pool({
      plugin: spec.name,
      startFirst: (count) => launcher.start(count),
      startMore: () => launcher.startIfRoom(),
      onStopped: ({ plugin: { pid } }, reason) => this.#plugin.emit({ type: "stopped", pid, reason }),
      onIdle: () => this.#plugin.onIdle(),
      onLost: () => this.#plugin.onLost(pool),
    }, this.limits(spec));
    await pool.start();
    if (!pool.isClosing) this.#started.add(pool);
    this.#shared.onStarted?.({ pool, startedAt });
    return pool;
  }

  /** Lets a pool go when its calls have ended. */
  async retire(pool: Pool, reason: StopReason): Promise<void> {
    this.#started.add(pool);
    try {
      await pool.retire(reason);
    } finally {
      this.#started.delete(pool);
    }
  }

  /** Ends all workers at once, with what they run. */
  async end(reason: StopReason): Promise<void> {
    await Promise.all([...this.#started].map((pool) => pool.end(reason)));
  }

  #launcher(spec: PluginSpec): Launcher {
    const { configuration, signal, emit } = this.#plugin;
    return new Launcher(spec, this.#shared, { configuration, signal, emit, onExit: (replica, exit) => this.#exited(replica, exit) });
  }

  #exited(replica: Replica, exit: WorkerExit): void {
    const pool = [...this.#started].find(({ replicas }) => replicas.has(replica));
    if (pool === undefined) return;
    this.#plugin.emit({ type: "exited", pid: replica.plugin.pid, exit });
    pool.lost(replica);
  }
}
