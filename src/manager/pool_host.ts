/**
 * What a pool of workers is given, and gives.
 *
 * @module
 */
import type { RemotePlugin } from "../plugin/remote_plugin.ts";
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
export interface PoolHost {
  /** The plugin's name. */
  readonly plugin: string;
  /** Starts the first workers; all of them, or none. Aborting the signal gives that up. */
  startFirst(count: number, signal: AbortSignal): Promise<Replica[]>;
  /** Starts one more if there is memory for it now; `undefined` when there is not. Aborting the signal gives that up. */
  startMore(signal: AbortSignal): Promise<Replica | undefined>;
  /** A worker was let go. */
  onStopped(replica: Replica, reason: StopReason): void;
  /** A worker has nothing to do. */
  onIdle(): void;
  /** The last worker has gone, and nobody has asked for that. */
  onLost(): void;
}

/** A worker in use. Disposing it lets the next one use it; doing so twice is harmless. */
export interface Lease extends Disposable {
  readonly plugin: RemotePlugin;
  /** The worker has ended, whether or not that has been told. */
  lost(): void;
}
