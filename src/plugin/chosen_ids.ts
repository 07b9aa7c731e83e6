/**
 * The ids that callers have chosen for their calls.
 *
 * @module
 */

/** Counts the calls of each id, from when they are opened until the worker has let go of them. */
export class ChosenIds {
  readonly #counts = new Map<string, number>();

  /** One more call has this id. Tells whether the worker may have another one of it. */
  add(id: string): boolean {
    const count = this.#counts.get(id) ?? 0;
    this.#counts.set(id, count + 1);
    return count > 0;
  }

  /** Whether the worker may have a call of this id. */
  has(id: string): boolean {
    return this.#counts.has(id);
  }

  /** The worker has let go of one. */
  remove(id: string): void {
    const count = this.#counts.get(id) ?? 0;
    if (count > 1) this.#counts.set(id, count - 1);
    else this.#counts.delete(id);
  }
}
