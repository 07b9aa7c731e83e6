/**
 * Deadlines that know of progress.
 *
 * @module
 */
import { Timer } from "../protocol/timer.ts";

/** What a watch needs of whoever it watches for. */
export interface SilenceOptions {
  /** How long a silence may be, in milliseconds. */
  readonly limitMs: number;
  /** Called once, when it has been longer. */
  readonly onTooLong: () => void;
}

/** Tells when nothing has come for too long. A sign of life costs nothing: the watch looks back when its time has come. */
export class SilenceWatch {
  readonly #options: SilenceOptions;
  #timer: Timer | undefined;
  #since = 0;
  #lastSign: () => number = () => 0;

  /** Prepares a watch; nothing counts yet. */
  constructor(options: SilenceOptions) {
    this.#options = options;
  }

  /** Silence counts from now on. `lastSign` tells when the last sign of life came that nobody announces, as `performance.now()` counts. */
  listen(lastSign: () => number): void {
    this.#lastSign = lastSign;
    this.#since = performance.now();
    this.#timer ??= new Timer(this.#options.limitMs, () => this.#look());
  }

  /** Silence does not count until the next `listen()`. */
  pause(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #look(): void {
    const left = Math.max(this.#since, this.#lastSign()) + this.#options.limitMs - performance.now();
    if (left > 0) this.#timer = new Timer(left, () => this.#look());
    else this.#options.onTooLong();
  }
}
