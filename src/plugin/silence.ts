/**
 * Deadlines that know of progress.
 *
 * @module
 */
import { Limit } from "../protocol/limit.ts";

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
  #limit: Limit | undefined;
  #since = 0;
  #lastSign: () => number = () => 0;
  #isListening = false;
  /** How many have it hold. */
  #holds = 0;

  /** Prepares a watch; nothing counts yet. */
  constructor(options: SilenceOptions) {
    this.#options = options;
  }

  /** Silence counts from now on. `lastSign` tells when the last sign of life came that nobody announces, as `performance.now()` counts. */
  listen(lastSign: () => number): void {
    this.#lastSign = lastSign;
    this.#isListening = true;
    this.#begin();
  }

  /** Silence does not count until the next `listen()`. */
  pause(): void {
    this.#isListening = false;
    this.#end();
  }

  /** Silence does not count until this is disposed of, whatever is listened for. To do so twice is harmless. */
  hold(): Disposable {
    let isOver = false;
    this.#holds++;
    this.#end();
    return {
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        if (--this.#holds === 0 && this.#isListening) this.#begin();
      },
    };
  }

  #begin(): void {
    this.#since = performance.now();
    if (this.#holds === 0) this.#limit ??= this.#wait(this.#options.limitMs);
  }

  #end(): void {
    this.#limit?.[Symbol.dispose]();
    this.#limit = undefined;
  }

  #wait(milliseconds: number): Limit {
    const limit = new Limit(milliseconds, () => this.#look(limit));
    return limit;
  }

  /** Time in which nobody could have heard a sign is no silence. */
  #look(limit: Limit): void {
    const last = Math.max(this.#since, this.#lastSign());
    const silentMs = Math.max(0, performance.now() - last - limit.lostSince(last));
    const leftMs = this.#options.limitMs - silentMs;
    if (leftMs > 0) this.#limit = this.#wait(leftMs);
    else this.#options.onTooLong();
  }
}
