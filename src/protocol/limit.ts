/**
 * How long something may take.
 *
 * @module
 */
import { Timer } from "./timer.ts";

/** In so many steps a limit is waited for. */
const STEPS = 4;

/** A step that ends later than this, in milliseconds, has found this thread stopped, suspended or busy. */
const LATE_MS = 20;

/**
 * Tells when something has taken longer than it may. Only time in which this thread ran counts: while it was stopped (a debugger, SIGSTOP, a machine that
 * sleeps) or busy, an answer may have come that it could not read, or the other side may have been stopped as well. So a limit is waited for in steps. One
 * that ends late counts no more than it should have taken, and is waited for once more, in which time what has come is read. After the last one there is
 * another turn of the event loop, for what came with it. Disposing it in time has it never tell.
 */
export class Limit implements Disposable {
  readonly #stepMs: number;
  readonly #onReached: () => void;
  /** How much is left after the steps that have ended. */
  #leftMs: number;
  #step: { readonly begun: number; readonly milliseconds: number; readonly isRepeated: boolean };
  #timer: Timer;
  #keepsAlive = true;
  #lostMs = 0;
  #lateUntil = -Infinity;

  /** Begins to wait; for infinitely many milliseconds for ever. */
  constructor(milliseconds: number, onReached: () => void) {
    this.#onReached = onReached;
    this.#leftMs = milliseconds;
    this.#stepMs = milliseconds / STEPS;
    this.#step = { begun: performance.now(), milliseconds: this.#stepMs, isRepeated: false };
    this.#timer = new Timer(this.#stepMs, () => this.#stepped());
  }

  /** How much of it is left, in milliseconds. */
  get leftMs(): number {
    const { begun, milliseconds } = this.#step;
    const tookMs = performance.now() - begun;
    return Math.max(0, this.#leftMs - (isLate(tookMs, milliseconds) ? 0 : Math.min(tookMs, milliseconds)));
  }

  /** How much of the time since then did not count, in milliseconds, as far as that can be told. `moment` is one of `performance.now()`. */
  lostSince(moment: number): number {
    return moment < this.#lateUntil ? this.#lostMs : 0;
  }

  /** Lets the program end while this waits. */
  unref(): this {
    this.#keepsAlive = false;
    this.#timer.unref();
    return this;
  }

  /** Tells nothing more. */
  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #stepped(): void {
    const { begun, milliseconds, isRepeated } = this.#step;
    const now = performance.now();
    const wasLate = isLate(now - begun, milliseconds);
    const countedMs = wasLate && !isRepeated ? 0 : milliseconds;
    if (wasLate) {
      this.#lostMs += now - begun - countedMs;
      this.#lateUntil = now;
    }
    if (wasLate && !isRepeated) return this.#wait(Math.max(milliseconds, LATE_MS), true);
    const isLast = this.#leftMs === 0;
    this.#leftMs = Math.max(0, this.#leftMs - countedMs);
    if (isLast) this.#onReached();
    else this.#wait(Math.min(this.#stepMs, this.#leftMs), false);
  }

  #wait(milliseconds: number, isRepeated: boolean): void {
    this.#step = { begun: performance.now(), milliseconds, isRepeated };
    this.#timer = new Timer(milliseconds, () => this.#stepped());
    if (!this.#keepsAlive) this.#timer.unref();
  }
}

function isLate(tookMs: number, milliseconds: number): boolean {
  return tookMs - milliseconds > LATE_MS;
}

/** What a promise resolves to, or `undefined` when it takes longer than so many milliseconds. */
export async function within<Value>(promise: Promise<Value>, milliseconds: number): Promise<Value | undefined> {
  const reached = Promise.withResolvers<undefined>();
  using _limit = new Limit(milliseconds, () => reached.resolve(undefined));
  return await Promise.race([promise, reached.promise]);
}
