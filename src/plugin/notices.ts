/**
 * What a worker is being told, and has not heard yet.
 *
 * @module
 */

/** Notices that are on their way to a worker. Each has a connection of its own, so they may come in any order. */
export class Notices {
  readonly #open = new Set<Promise<unknown>>();

  /** Whether the worker has heard all of them. */
  get areHeard(): boolean {
    return this.#open.size === 0;
  }

  /** Adds one, which settles when the worker has answered, or is gone. */
  add(notice: Promise<unknown>): void {
    const heard = notice.then(() => {}, () => {}).finally(() => this.#open.delete(heard));
    this.#open.add(heard);
  }

  /** Resolves when the worker has heard those that are on their way now, or is gone. */
  async heard(): Promise<void> {
    await Promise.all(this.#open);
  }
}
