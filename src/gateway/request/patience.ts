/**
 * How long a gateway waits for its clients.
 *
 * @module
 */
import { type Entry, OrderedList } from "../../plugin/ordered_list.ts";

/** How many steps a wait has. A step that ends late, because the machine slept or was busy, counts as one. */
const STEPS = 4;

/** Waits for many clients with one timer. */
export class Patience {
  readonly #stepMs: number;
  readonly #waiting = new OrderedList<Wait>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Waits so many milliseconds for each client, and one step more at most. */
  constructor(milliseconds: number) {
    this.#stepMs = milliseconds / STEPS;
  }

  /** Begins to wait for one of them. */
  begin(onOver: () => void): Wait {
    const wait = new Wait(onOver, () => this.#end(entry));
    const entry = this.#waiting.add(wait);
    this.#timer ??= setInterval(() => this.#step(), this.#stepMs);
    return wait;
  }

  #step(): void {
    for (const wait of this.#waiting) wait.step();
  }

  #end(entry: Entry<Wait>): void {
    this.#waiting.remove(entry);
    if (this.#waiting.first !== undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** The wait for one client. */
export class Wait implements Disposable {
  readonly #onOver: () => void;
  readonly #onEnd: () => void;
  #steps = 0;
  #isPaused = false;

  /** Begins. */
  constructor(onOver: () => void, onEnd: () => void) {
    this.#onOver = onOver;
    this.#onEnd = onEnd;
  }

  /** Something has gone on: it begins anew. */
  renew(): void {
    this.#steps = 0;
    this.#isPaused = false;
  }

  /** Nothing is waited for until it is renewed, or goes on. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Goes on where it was paused. */
  resume(): void {
    this.#isPaused = false;
  }

  /** A step has ended. The first one had begun before this wait, so it does not count. */
  step(): void {
    if (this.#isPaused || ++this.#steps <= STEPS) return;
    this.#onEnd();
    this.#onOver();
  }

  /** Waits no more. */
  [Symbol.dispose](): void {
    this.#onEnd();
  }
}
