/**
 * One worker of a pool, and the calls that it has.
 *
 * @module
 */
import type { WorkerName } from "./events.ts";
import type { RemotePlugin } from "../plugin/remote_plugin.ts";

/** A call that takes less than this is brief, in milliseconds. What a worker has been given ahead is then done soon, also when it is to go. */
const BRIEF_MS = 20;

/** A worker that takes calls, with the memory that is reserved for it. */
export class Replica {
  /** The plugin in the worker. */
  readonly plugin: RemotePlugin;
  /** Calls that it has. */
  calls = 0;
  /** How many calls in a row have been brief. */
  briefCalls = 0;
  /** Whatever uses it, calls and questions alike: it is not let go meanwhile, unless by force. */
  users = 0;
  /** When it was last used, as `performance.now()` gives it. */
  lastUsed: number = performance.now();
  /** Whether the worker has ended. */
  isGone = false;
  /** Until when it may be silent, as `performance.now()` gives it, because its process is being started again by the manifest's `restart`. */
  restartingUntil = 0;
  /** How often in a row it has not answered. */
  missedChecks = 0;
  readonly #memory: Disposable;
  #released: Promise<void> | undefined;

  /** Takes over a started plugin and its memory. */
  constructor(plugin: RemotePlugin, memory: Disposable) {
    this.plugin = plugin;
    this.#memory = memory;
  }

  /** Which worker it is. */
  get name(): WorkerName {
    const { pid, placement } = this.plugin;
    return placement === undefined ? { pid } : { pid, placement };
  }

  /** A call that began at that moment, as `performance.now()` gives it, has ended: how long that took tells how much it is given next. */
  noteEnd(began: number): void {
    const now = performance.now();
    // What waited in the worker for the call before it has taken no longer for that.
    this.briefCalls = now - Math.max(began, this.lastUsed) < BRIEF_MS ? this.briefCalls + 1 : 0;
    this.lastUsed = now;
  }

  /** Ends the worker, and gives its memory back when it is gone. */
  release(): Promise<void> {
    this.isGone = true;
    return this.#released ??= this.plugin.cleanup().finally(() => this.#memory[Symbol.dispose]());
  }
}
