/**
 * Tells for how long the test's own event loop was held up.
 *
 * @module
 */

/** Looks every other millisecond until it is disposed. */
export class LoopWatch implements Disposable {
  #last = performance.now();
  #longest = 0;
  readonly #timer = setInterval(() => this.#look(), 2);

  /** The longest time for which nothing else could run, in milliseconds. */
  get longestMs(): number {
    this.#look();
    return this.#longest;
  }

  /** Stops looking. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    this.#longest = Math.max(this.#longest, now - this.#last);
    this.#last = now;
  }
}
