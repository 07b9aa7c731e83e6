/**
 * Changes that must not meet.
 *
 * @module
 */

/** Makes changes one after the other. One that fails holds up none of the others. */
export class Changes {
  #last: Promise<unknown> = Promise.resolve();

  /** Makes a change when those before it are made. */
  make<T>(change: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(change, change);
    this.#last = mine;
    return mine;
  }
}
