/**
 * A fixed number of turns at a time, taken in the order of asking. The worker and the host queue their calls by it.
 *
 * @module
 */

interface Waiter {
  readonly admit: (turn: Disposable) => void;
}

/**
 * Gives out a fixed number of turns at a time, first come, first served.
 *
 * @example
 * ```ts ignore
 * const turns = new Turns(1);
 * using _turn = await turns.acquire(signal);
 * await work();
 * ```
 */
export class Turns {
  readonly #most: number;
  #taken = 0;
  // A set keeps the order of arrival, and lets one who gives up leave from the middle at once.
  readonly #waiting = new Set<Waiter>();

  /**
   * Allows this many turns at a time.
   *
   * @throws {RangeError} When it is not a whole number of at least 1.
   */
  constructor(most: number) {
    if (!Number.isSafeInteger(most) || most < 1) {
      throw new RangeError(`The number of turns must be a whole number from 1, not ${most}`);
    }
    this.#most = most;
  }

  /** How many turns are taken. */
  get taken(): number {
    return this.#taken;
  }

  /** How many are waiting for a turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for a turn. Disposing the turn gives it to the next in line; doing so twice is harmless.
   *
   * @param signal Leaves the line when it aborts. It has no effect on a turn already taken.
   * @throws The signal's reason, when it aborts before it gets one.
   */
  acquire(signal?: AbortSignal): Promise<Disposable> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#taken < this.#most) return Promise.resolve(this.#take());
    return this.#wait(signal);
  }

  #wait(signal: AbortSignal | undefined): Promise<Disposable> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        admit: (turn) => {
          signal?.removeEventListener("abort", leave);
          resolve(turn);
        },
      };
      const leave = () => {
        this.#waiting.delete(waiter);
        reject(signal?.reason);
      };
      this.#waiting.add(waiter);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  #take(): Disposable {
    this.#taken++;
    let free = false;
    return {
      [Symbol.dispose]: () => {
        if (free) return;
        free = true;
        this.#taken--;
        this.#admitNext();
      },
    };
  }

  #admitNext(): void {
    for (const waiter of this.#waiting) {
      this.#waiting.delete(waiter);
      return waiter.admit(this.#take());
    }
  }
}
