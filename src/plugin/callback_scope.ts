/**
 * What is done within a callback: a call of the same plugin there may wait for its own call.
 *
 * @module
 */
import type { AsyncLocalStorage } from "node:async_hooks";

/** Knows what runs within callbacks of one plugin. Made for each plugin; it costs nothing before the first callback. */
export class CallbackScope {
  #storage: AsyncLocalStorage<{ isOpen: boolean }> | undefined;

  /** Whether the code that asks runs within a callback that has not ended. */
  get isInside(): boolean {
    return this.#storage?.getStore()?.isOpen === true;
  }

  /** Runs a callback. */
  async run<Result>(code: () => Result): Promise<Awaited<Result>> {
    const callback = { isOpen: true };
    try {
      return await (this.#storage ??= newStorage()).run(callback, code);
    } finally {
      callback.isOpen = false;
    }
  }
}

/** Not imported at the top: it takes every program some milliseconds to load. */
function newStorage(): AsyncLocalStorage<{ isOpen: boolean }> {
  const { AsyncLocalStorage } = globalThis.process.getBuiltinModule("node:async_hooks");
  return new AsyncLocalStorage();
}
