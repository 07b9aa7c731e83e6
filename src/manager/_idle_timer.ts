/**
 * Tells when something has not been used for a while.
 *
 * @module
 */

/** One timer for any number of uses, which does not keep the program alive. */
export class IdleTimer implements Disposable {
  readonly #limitMs: number;
  readonly #onIdle: (since: number) => void;
  #lastUse = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `onIdle` gets the moment, as `performance.now()` gives it, since which there has been no use. */
  constructor(limitMs: number, onIdle: (since: number) => void) {
    this.#limitMs = limitMs;
    this.#onIdle = onIdle;
  }

  /** Something was used. It sets a timer only when there is none, for it is called for every call. */
  touch(): void {
    this.#lastUse = performance.now();
    if (this.#timer === undefined) this.#sleep(this.#limitMs);
  }

  /** Tells nothing more. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #sleep(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#wake(), milliseconds);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  #wake(): void {
    this.#timer = undefined;
    const idleMs = performance.now() - this.#lastUse;
    if (idleMs < this.#limitMs - 1) this.#sleep(this.#limitMs - idleMs);
    else this.#onIdle(this.#lastUse);
  }
}
