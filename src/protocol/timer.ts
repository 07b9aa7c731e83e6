/**
 * Waiting for any length of time.
 *
 * @module
 */
import { untilAborted } from "./until_aborted.ts";

/** The longest that `setTimeout` waits, some 25 days. What is longer it takes for 1 ms. */
const LONGEST_MS = 2 ** 31 - 1;

/** Calls back once, after any number of milliseconds; after infinitely many never. Disposing it in time has it never call. */
export class Timer implements Disposable {
  readonly #action: () => void;
  #id: ReturnType<typeof setTimeout> | undefined;
  #keepsAlive = true;

  /** Begins to wait. */
  constructor(milliseconds: number, action: () => void) {
    this.#action = action;
    this.#wait(milliseconds);
  }

  /** Lets the program end while this waits. */
  unref(): this {
    this.#keepsAlive = false;
    this.#unrefStep();
    return this;
  }

  /** Waits no longer. */
  [Symbol.dispose](): void {
    clearTimeout(this.#id);
  }

  #wait(milliseconds: number): void {
    const step = Math.min(milliseconds, LONGEST_MS);
    this.#id = setTimeout(() => milliseconds > step ? this.#wait(milliseconds - step) : this.#action(), step);
    if (!this.#keepsAlive) this.#unrefStep();
  }

  #unrefStep(): void {
    Deno.unrefTimer(this.#id as unknown as number);
  }
}

/** Waits for so many milliseconds, or rejects with the signal's reason when that aborts first. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>();
  using _timer = new Timer(milliseconds, over.resolve);
  await untilAborted(over.promise, signal);
}

/** Whether something can be a time to wait: more than nothing, and at most infinitely long. */
export function isDuration(value: unknown): value is number {
  return typeof value === "number" && value > 0;
}
