/**
 * Tells when something has not been used for a while.
 *
 * @module
 */
import { Limit } from "../protocol/limit.ts";

/** One timer for any number of uses, which does not keep the program alive. */
export class IdleTimer implements Disposable {
  readonly #limitMs: number;
  readonly #onIdle: (since: number) => void;
  #lastUse = 0;
  #limit: Limit | undefined;

  /** `onIdle` gets the moment, as `performance.now()` gives it, since which there has been no use. */
  constructor(limitMs: number, onIdle: (since: number) => void) {
    this.#limitMs = limitMs;
    this.#onIdle = onIdle;
  }

  /** Something was used. It sets a timer only when there is none, for it is called for every call. */
  touch(): void {
    this.#lastUse = performance.now();
    if (this.#limit === undefined) this.#sleep(this.#limitMs);
  }

  /** Tells nothing more. */
  [Symbol.dispose](): void {
    this.#limit?.[Symbol.dispose]();
  }

  #sleep(milliseconds: number): void {
    const limit = this.#limit = new Limit(milliseconds, () => this.#wake(limit)).unref();
  }

  /** Time in which nobody could use it, for this program did not run, does not count. */
  #wake(limit: Limit): void {
    this.#limit = undefined;
    const idleMs = performance.now() - this.#lastUse - limit.lostSince(this.#lastUse);
    if (idleMs < this.#limitMs - 1) this.#sleep(this.#limitMs - idleMs);
    else this.#onIdle(this.#lastUse);
  }
}
