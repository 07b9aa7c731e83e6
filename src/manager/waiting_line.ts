/**
 * Calls that wait for a worker.
 *
 * @module
 */

interface Waiter<Place> {
  /** Without a place: there is none to be had here any more. */
  readonly admit: (place: Place | undefined) => void;
  readonly refuse: (error: unknown) => void;
}

/** Those who wait, in the order in which they came. */
export class WaitingLine<Place> {
  readonly #waiting = new Set<Waiter<Place>>();

  /** How many wait. */
  get length(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for a place. `undefined` when all were sent away.
   *
   * @throws The signal's reason, when it aborts first, or what all were refused with.
   */
  join(signal: AbortSignal): Promise<Place | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Place | undefined>();
    const refuse = (error: unknown) => {
      signal.removeEventListener("abort", leave);
      this.#waiting.delete(waiter);
      reject(error);
    };
    const leave = () => refuse(signal.reason);
    const admit = (place: Place | undefined) => {
      signal.removeEventListener("abort", leave);
      resolve(place);
    };
    const waiter: Waiter<Place> = { admit, refuse };
    signal.addEventListener("abort", leave, { once: true });
    this.#waiting.add(waiter);
    return promise;
  }

  /** Gives places to those who came first, for as long as there are some. */
  serve(next: () => Place | undefined): void {
    for (const waiter of this.#waiting) {
      const place = next();
      if (place === undefined) return;
      this.#waiting.delete(waiter);
      waiter.admit(place);
    }
  }

  /** Fails all who wait. False when nobody does. */
  refuseAll(error: () => unknown): boolean {
    const waiting = [...this.#waiting];
    for (const { refuse } of waiting) refuse(error());
    return waiting.length > 0;
  }

  /** Sends all away without a place. */
  sendAway(): void {
    for (const { admit } of this.#waiting) admit(undefined);
    this.#waiting.clear();
  }
}
