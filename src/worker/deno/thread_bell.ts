/**
 * How one thread wakes another: in shared memory, for a message costs several times as much.
 *
 * A thread that waits for its bell in its event loop is woken by the runtime, which takes as long as most small calls. One that sleeps here for a moment is
 * woken by the system alone.
 *
 * @module
 */

/** Two numbers: see {@linkcode RUNG} and {@linkcode SLEEPS}. */
export type BellMemory = Int32Array<SharedArrayBuffer>;

/** Whether it was rung since it was silenced. */
const RUNG = 0;
/** Whether the other thread sleeps here, and has not been woken. */
const SLEEPS = 1;

// The plugin may replace the globals; what it puts there is not for us.
const { compareExchange, exchange, notify, store, wait, waitAsync } = Atomics;

/** Makes the memory. */
export function bellMemory(): BellMemory {
  return new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
}

/** One end of a bell. */
export class ThreadBell {
  readonly memory: BellMemory;

  /** Uses this memory, as the other thread does. */
  constructor(memory: BellMemory) {
    this.memory = memory;
  }

  /** Wakes the other thread, if it sleeps or waits, or has it find the bell rung. */
  ring(): void {
    if (this.wake()) return;
    if (exchange(this.memory, RUNG, 1) === 0) notify(this.memory, RUNG);
  }

  /** Wakes the other thread if it sleeps; returns whether it did. */
  wake(): boolean {
    if (compareExchange(this.memory, SLEEPS, 1, 0) !== 1) return false;
    notify(this.memory, SLEEPS);
    return true;
  }

  /** Takes note of what it was rung for. */
  silence(): void {
    store(this.memory, RUNG, 0);
  }

  /** Resolves when it has been rung; with `false` when that was so already. */
  async untilRung(): Promise<boolean> {
    const rung = waitAsync(this.memory, RUNG, 0);
    if (rung.async) await rung.value;
    return rung.async;
  }

  /** Sleeps for so many milliseconds at most. Returns whether it was woken: who rings meanwhile wakes this thread, and leaves the bell as it is. */
  sleep(ms: number, isAwaited: () => boolean): boolean {
    store(this.memory, SLEEPS, 1);
    // What came before the other thread could know of that has not woken anybody.
    if (isAwaited()) wait(this.memory, SLEEPS, 1, ms);
    return exchange(this.memory, SLEEPS, 0) === 0 || !isAwaited();
  }
}
