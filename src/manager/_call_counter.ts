/**
 * Counts the calls of a plugin.
 *
 * @module
 */
import { Latencies } from "./_latency.ts";
import type { CallStats } from "./info.ts";

/** What the calls of a plugin came to. */
export class CallCounter {
  readonly #latencies = new Latencies();
  #open = 0;
  #succeeded = 0;
  #failed = 0;

  /** A call has come; gives the moment, to be handed to `end()`. */
  begin(): number {
    this.#open++;
    return performance.now();
  }

  /** A call has ended. */
  end(began: number, succeeded: boolean): void {
    this.#open--;
    if (succeeded) this.#succeeded++;
    else this.#failed++;
    this.#latencies.add(performance.now() - began);
  }

  /** The figures, with how many wait. */
  stats(waiting: number): CallStats {
    return {
      open: this.#open,
      waiting,
      succeeded: this.#succeeded,
      failed: this.#failed,
      latencyMs: this.#latencies.percentiles,
    };
  }
}
