/**
 * What a pool is made with.
 *
 * @module
 */
import type { StopReason } from "./events.ts";
import type { Replica } from "./replica.ts";

/** How many workers, and how many calls each of them runs at once. */
export interface PoolLimits {
  readonly min: number;
  readonly max: number;
  readonly spare: number;
  readonly callsEach: number;
}

/** What a pool needs of its plugin. */
export interface PoolHost<OfPool> {
  /** The plugin's name. */
  readonly plugin: string;
  /** Starts the first workers; all of them, or none. */
  startFirst(count: number): Promise<Replica[]>;
  /** Starts one more if there is memory for it now; `undefined` when there is not. */
  startMore(): Promise<Replica | undefined>;
  /** A worker was let go. */
  onStopped(replica: Replica, reason: StopReason): void;
  /** A worker has nothing to do. */
  onIdle(): void;
  /** The last worker has gone, and nobody has asked for that. */
  onLost(pool: OfPool): void;
}
