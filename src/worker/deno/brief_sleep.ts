/**
 * When a thread sleeps for what comes next, and does not go back to its event loop.
 *
 * @module
 */
import type { ThreadBell } from "./thread_bell.ts";

/** What came within this time the last time is worth sleeping for, in milliseconds. */
const BRIEF_MS = 0.2;

/**
 * How long a thread sleeps for what does not come, in milliseconds. All else that it does waits as long, once. It is longer than the tick of a usual kernel:
 * an alarm before the next tick costs a virtual machine as much as waking the thread.
 */
const LONGEST_MS = 10;

/** After so many sleeps in a row the event loop has its turn. */
const MOST_IN_A_ROW = 16;

// The plugin may replace the globals; what it puts there is not for us.
const now = performance.now.bind(performance);

/** Sleeps where it would have been brief the last time. */
export class BriefSleep {
  readonly #bell: ThreadBell;
  #begunAt = 0;
  #isLikely = false;
  #inARow = 0;

  /** Is woken by this bell. */
  constructor(bell: ThreadBell) {
    this.#bell = bell;
  }

  /** From here on something is waited for. Sleeps until it comes, if that is likely to be soon; returns whether it was woken. */
  begin(isAwaited: () => boolean): boolean {
    this.#begunAt = now();
    if (!this.#isLikely || this.#inARow >= MOST_IN_A_ROW) {
      this.#inARow = 0;
      return false;
    }
    this.#inARow++;
    const isWoken = this.#bell.sleep(LONGEST_MS, isAwaited);
    this.end();
    return isWoken;
  }

  /** It has come. */
  end(): void {
    this.#isLikely = now() - this.#begunAt < BRIEF_MS;
  }
}
