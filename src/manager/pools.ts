/**
 * The pools of one plugin: the one that takes its calls, and those that finish theirs.
 *
 * @module
 */
import type { PluginSpec } from "../manifest/manifest.ts";
import type { WorkerExit } from "../process/running_child.ts";
import { capacityOf } from "../protocol/batch.ts";
import type { PluginEvent, StopReason } from "./events.ts";
import { ReplicaStarter, type Shared, type StarterPlugin } from "./replica_starter.ts";
import type { PluginSettings } from "./options.ts";
import { Pool } from "./pool.ts";
import type { PoolLimits } from "./pool_host.ts";
import { QueuedStarts } from "./queued_starts.ts";
import type { Replica } from "./replica.ts";

/** What the pools need of their plugin. */
export interface PoolsPlugin extends Pick<StarterPlugin, "configuration" | "signal"> {
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
  readonly #pools = new Set<Pool>();
  /** The starts that wait for others. */
  readonly queued: QueuedStarts = new QueuedStarts();

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
    return this.#starter(spec).hasRoom(this.limits(spec).min);
  }

  /** Starts a pool with its first workers. */
  async start(spec: PluginSpec): Promise<Pool> {
    const starter = this.#starter(spec);
    const startedAt = Date.now();
    const pool: Pool = new Pool({
      plugin: spec.name,
      startFirst: (count, signal) => starter.start(count, signal),
      startMore: (signal) => starter.startIfRoom(signal),
      onStopped: ({ name }, reason) => this.#plugin.emit({ type: "stopped", ...name, reason }),
      onIdle: () => this.#plugin.onIdle(),
      onLost: () => this.#plugin.onLost(pool),
    }, this.limits(spec));
    this.#pools.add(pool);
    try {
      await pool.start();
    } catch (error) {
      this.#pools.delete(pool);
      throw error;
    }
    this.#shared.onStarted?.({ pool, startedAt });
    return pool;
  }

  /** Lets a pool go when its calls have ended. */
  async retire(pool: Pool, reason: StopReason): Promise<void> {
    this.#pools.add(pool);
    try {
      await pool.retire(reason);
    } finally {
      this.#pools.delete(pool);
    }
  }

  /** Ends all workers at once, with what they run, and gives up those that are being started. */
  async end(reason: StopReason): Promise<void> {
    await Promise.all([...this.#pools].map((pool) => pool.end(reason)));
  }

  #starter(spec: PluginSpec): ReplicaStarter {
    const { configuration, signal, emit, settings } = this.#plugin;
    const launcher = settings.launcher ?? this.#shared.options.launcher;
    const onExit = (replica: Replica, exit: WorkerExit) => this.#exited(replica, exit);
    return new ReplicaStarter(spec, this.#shared, { launcher, configuration, signal, queued: this.queued, emit, onExit });
  }

  #exited(replica: Replica, exit: WorkerExit): void {
    const pool = [...this.#pools].find(({ replicas }) => replicas.has(replica));
    if (pool === undefined) return;
    this.#plugin.emit({ type: "exited", ...replica.name, exit });
    pool.lost(replica);
  }
}
