/**
 * Calls that wait for a worker.
 *
 * @module
 */

interface Waiter<Turn> {
  /** Without a turn: there is none to be had here any more. */
  readonly admit: (turn: Turn | undefined) => void;
  readonly refuse: (error: unknown) => void;
}

/** Those who wait, in the order in which they came. */
export class WaitingLine<Turn> {
  readonly #waiting = new Set<Waiter<Turn>>();

  /** How many wait. */
  get length(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for a turn. `undefined` when all were sent away.
   *
   * @throws The signal's reason, when it aborts first, or what all were refused with.
   */
  join(signal: AbortSignal): Promise<Turn | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Turn | undefined>();
    const refuse = (error: unknown) => {
      signal.removeEventListener("abort", leave);
      this.#waiting.delete(waiter);
      reject(error);
    };
    const leave = () => refuse(signal.reason);
    const admit = (turn: Turn | undefined) => {
      signal.removeEventListener("abort", leave);
      resolve(turn);
    };
    const waiter: Waiter<Turn> = { admit, refuse };
    signal.addEventListener("abort", leave, { once: true });
    this.#waiting.add(waiter);
    return promise;
  }

  /** Gives turns to those who came first, for as long as there are some. */
  serve(next: () => Turn | undefined): void {
    for (const waiter of this.#waiting) {
      const turn = next();
      if (turn === undefined) return;
      this.#waiting.delete(waiter);
      waiter.admit(turn);
    }
  }

  /** Fails all who wait. False when nobody does. */
  refuseAll(error: () => unknown): boolean {
    const waiting = [...this.#waiting];
    for (const { refuse } of waiting) refuse(error());
    return waiting.length > 0;
  }

  /** Sends all away without a turn. */
  sendAway(): void {
    for (const { admit } of this.#waiting) admit(undefined);
    this.#waiting.clear();
  }
}
