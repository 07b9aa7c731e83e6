/**
 * Waiting in a thread that may be terminated meanwhile.
 *
 * @module
 */
import type * as Threads from "node:worker_threads";

/**
 * Waits for shared memory. Deno lets a thread that is terminated go on until it comes back to its event loop, which one that waits never does; but it
 * stops at once a thread of `node:worker_threads` that holds a Web Lock. So a thread that waits holds one of its own, until it is back in its event loop.
 */
export class StoppableWait {
  // Not imported at the top: it costs every program some 20 ms to load, and only those that block need it.
  readonly #threads: typeof Threads = globalThis.process.getBuiltinModule("node:worker_threads");
  #isHolding = false;

  /** Blocks for as long as this value stands there, or until the thread is terminated. */
  while(counts: Int32Array<SharedArrayBuffer>, index: number, value: number): void {
    this.hold();
    Atomics.wait(counts, index, value);
  }

  /** Lets the thread be stopped from here on, until it is back in its event loop: what is done before a wait takes its time, too. */
  hold(): void {
    if (this.#isHolding || this.#threads.isMainThread) return;
    this.#isHolding = true;
    // It is given at once, and given back by a promise, none of which goes on before the thread has ceased to block.
    void this.#threads.locks.request(crypto.randomUUID(), () => Promise.resolve()).then(() => this.#isHolding = false);
  }
}
