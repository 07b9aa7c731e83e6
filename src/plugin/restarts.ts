/**
 * When a worker that has ended is started again, and when no longer.
 *
 * @module
 */
import type { RestartPolicy } from "../manifest/manifest.ts";
import type { WorkerExit } from "../process/running_child.ts";

/** Whether another worker is started. */
export type Decision =
  | { readonly kind: "restart"; readonly delayMs: number }
  | { readonly kind: "stay_down" }
  | { readonly kind: "breaker"; readonly crashes: number; readonly windowMs: number };

/** Decides by the policy and the crashes so far. */
export class Restarts {
  readonly #policy: RestartPolicy;
  #crashes: number[] = [];

  /** Begins without crashes. */
  constructor(policy: RestartPolicy) {
    this.#policy = policy;
  }

  /** Decides what follows on the end of a worker, or on a start that failed, for which `exit` is left out. */
  after(exit?: WorkerExit): Decision {
    const { mode, maxCrashes, windowMs } = this.#policy;
    const isClean = exit?.code === 0 && exit.signal === null;
    if (mode === "never" || (mode === "on_failure" && isClean)) return { kind: "stay_down" };
    const now = performance.now();
    this.#crashes = [...this.#crashes.filter((at) => now - at < windowMs), now];
    if (this.#crashes.length >= maxCrashes) return { kind: "breaker", crashes: this.#crashes.length, windowMs };
    return { kind: "restart", delayMs: this.#delay(this.#crashes.length) };
  }

  /** Doubles with every crash. Half of it is chance, so that the workers that one cause has ended do not all come back at once. */
  #delay(crashes: number): number {
    const { initialDelayMs, maxDelayMs } = this.#policy;
    const longest = Math.min(maxDelayMs, initialDelayMs * 2 ** (crashes - 1));
    return longest / 2 + longest / 2 * Math.random();
  }
}
