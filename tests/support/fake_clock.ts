/**
 * Stands in for the runtime's clock and timers.
 *
 * @module
 */

/** Time that a test has pass: with the program running, so that timers are over when they are due, or stopped, so that they are over when it goes on. */
export class FakeClock implements Disposable {
  /** What `performance.now()` gives. */
  now = 1_000;
  readonly #timers = new Map<number, { readonly due: number; readonly action: () => void }>();
  readonly #real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout, now: performance.now };
  #nextId = 1;

  /** Takes their place until it is disposed. */
  constructor() {
    globalThis.setTimeout = ((action: () => void, milliseconds: number) => {
      this.#timers.set(this.#nextId, { due: this.now + milliseconds, action });
      return this.#nextId++;
    }) as unknown as typeof setTimeout;
    globalThis.clearTimeout = (id) => void this.#timers.delete(id as number);
    performance.now = () => this.now;
  }

  /** How many timers run. */
  get timers(): number {
    return this.#timers.size;
  }

  /** The program runs for so long. */
  run(milliseconds: number): void {
    const end = this.now + milliseconds;
    while (true) {
      const [id, timer] = [...this.#timers].sort(([, a], [, b]) => a.due - b.due)[0] ?? [];
      if (id === undefined || timer === undefined || timer.due > end) break;
      this.#timers.delete(id);
      this.now = Math.max(this.now, timer.due);
      timer.action();
    }
    this.now = Math.max(this.now, end);
  }

  /** The program is stopped for so long, and runs on. */
  stop(milliseconds: number): void {
    this.now += milliseconds;
  }

  /** Puts the runtime's own back. */
  [Symbol.dispose](): void {
    globalThis.setTimeout = this.#real.setTimeout;
    globalThis.clearTimeout = this.#real.clearTimeout;
    performance.now = this.#real.now;
  }
}
