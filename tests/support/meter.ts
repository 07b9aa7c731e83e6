/**
 * Watches how this process grows.
 *
 * @module
 */

const MIB = 2 ** 20;

/** What a meter has seen. */
export interface Reading {
  /** By how much the process was larger at most than when the meter was made, in MiB. */
  readonly grown: number;
  /** How long ago that was, in seconds. */
  readonly seconds: number;
}

/** Measures from the moment in which it is made. */
export class Meter implements Disposable {
  readonly #began = performance.now();
  readonly #before = Deno.memoryUsage().rss;
  #peak = 0;
  readonly #timer = setInterval(() => this.#look(), 10);

  /** What there was until now. */
  read(): Reading {
    this.#look();
    return { grown: (this.#peak - this.#before) / MIB, seconds: (performance.now() - this.#began) / 1000 };
  }

  /** Measures no more. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#peak = Math.max(this.#peak, Deno.memoryUsage().rss);
  }
}
