/**
 * Counts the calls of a plugin.
 *
 * @module
 */
import { wasCancelled } from "../errors.ts";
import { Latencies } from "./latency.ts";
import type { CallStats } from "./info.ts";

/** What the calls of a plugin came to. */
export class CallCounter {
  readonly #latencies = new Latencies();
  readonly #ended = { succeeded: 0, failed: 0, cancelled: 0 };
  #open = 0;

  /** A call has come, which its caller can abort by this signal. */
  begin(signal: AbortSignal | undefined): CountedCall {
    this.#open++;
    return new CountedCall(signal, (outcome, milliseconds) => {
      this.#open--;
      this.#ended[outcome]++;
      // How long somebody has waited before he left says nothing of the plugin.
      if (outcome !== "cancelled") this.#latencies.add(milliseconds);
    });
  }

  /** The figures, with how many wait. */
  stats(waiting: number): CallStats {
    return { open: this.#open, waiting, ...this.#ended, latencyMs: this.#latencies.percentiles };
  }
}

/** How a call has ended. */
type Outcome = "succeeded" | "failed" | "cancelled";

/** A call while it is open. One that is disposed of before it has succeeded or failed was left by its caller. */
export class CountedCall implements Disposable {
  /** When it came, as `performance.now()` tells it. */
  readonly began: number = performance.now();
  readonly #signal: AbortSignal | undefined;
  readonly #onEnd: (outcome: Outcome, milliseconds: number) => void;
  #outcome: Outcome = "cancelled";

  constructor(signal: AbortSignal | undefined, onEnd: (outcome: Outcome, milliseconds: number) => void) {
    this.#signal = signal;
    this.#onEnd = onEnd;
  }

  /** It has given its result. */
  succeed(): void {
    this.#outcome = "succeeded";
  }

  /** It has given an error, which is no failure when its caller did not want it any more. */
  fail(error: unknown): void {
    if (!wasCancelled(error, this.#signal)) this.#outcome = "failed";
  }

  /** It has ended. */
  [Symbol.dispose](): void {
    this.#onEnd(this.#outcome, performance.now() - this.began);
  }
}
