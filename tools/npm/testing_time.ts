/**
 * `@std/testing/time` where JSR is not reached: its `FakeTime`, on the clock of `@sinonjs/fake-timers`.
 *
 * @module
 */
import { type Clock, type FakeMethod, withGlobal } from "@sinonjs/fake-timers";

const FAKED: FakeMethod[] = ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"];

/** Takes the place of the timers and of `Date`, until it is disposed of. Time stands still but for `tick()` and its like. */
export class FakeTime implements Disposable {
  readonly #clock: Clock;
  readonly #realTimeout = setTimeout;
  readonly #realSignal = AbortSignal.timeout;
  readonly start: number;

  constructor(start: number | string | Date = Date.now()) {
    this.start = new Date(start).getTime();
    this.#clock = withGlobal(globalThis).install({ now: this.start, toFake: FAKED });
    AbortSignal.timeout = signalAfter;
  }

  get now(): number {
    return this.#clock.now;
  }

  tick(ms = 0): void {
    this.#clock.tick(ms);
  }

  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.tick(ms);
  }

  next(): boolean {
    const isWaiting = this.#clock.countTimers() > 0;
    if (isWaiting) this.#clock.next();
    return isWaiting;
  }

  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  runAll(): void {
    while (this.next());
  }

  async runAllAsync(): Promise<void> {
    while (await this.nextAsync());
  }

  /** Waits in real time. */
  async delay(ms: number): Promise<void> {
    await new Promise((resolve) => this.#realTimeout.call(globalThis, resolve, ms));
  }

  async runMicrotasks(): Promise<void> {
    await this.delay(0);
  }

  restore(): void {
    this.#clock.uninstall();
    AbortSignal.timeout = this.#realSignal;
  }

  [Symbol.dispose](): void {
    this.restore();
  }
}

function signalAfter(ms: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException("Signal timed out.", "TimeoutError")), ms);
  return controller.signal;
}
