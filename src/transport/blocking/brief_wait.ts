/**
 * A wait so brief that it pays not to sleep: to wake a thread on another processor takes longer than many an answer.
 *
 * @module
 */

/** After so many waits in vain in a row it is not tried for a while. */
const MAX_MISSES = 3;
/** The length of that while, in waits: so long that what was tried in vain is not felt. */
const PAUSE = 200;
/** How often it is looked before the clock is. */
const LOOKS = 16;

/** Looks again and again for a very short time, and no longer tries that where it does not help: when answers take long, or share a processor with it. */
export class BriefWait {
  readonly #limitMs: number;
  #misses = 0;
  #pause = 0;

  /** Looks for at most so many milliseconds. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Whether it has come true meanwhile. */
  until(isSo: () => boolean): boolean {
    if (this.#pause > 0) {
      this.#pause--;
      return isSo();
    }
    const end = performance.now() + this.#limitMs;
    do {
      for (let look = 0; look < LOOKS; look++) {
        if (!isSo()) continue;
        this.#misses = 0;
        return true;
      }
    } while (performance.now() < end);
    if (++this.#misses >= MAX_MISSES) this.#pause = PAUSE;
    return false;
  }
}
