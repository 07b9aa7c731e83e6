/**
 * A worker by its pipes, wherever it runs.
 *
 * @module
 */
import type { HeldFrames } from "../protocol/messages.ts";
import type { LaunchedWorker } from "./launcher.ts";
import type { OutputLog } from "./output_log.ts";
import type { RunningChild, WorkerExit } from "./running_child.ts";

/** What every worker with pipes has from them, as {@linkcode LaunchedWorker} says. */
export abstract class ChildWorker implements Pick<LaunchedWorker, keyof ChildWorker> {
  /** What the worker prints. */
  readonly log: OutputLog;
  /** How the worker ended; nothing of it is left then. */
  readonly exited: Promise<WorkerExit>;
  readonly #running: RunningChild;

  /** Takes over a child that runs. */
  constructor(running: RunningChild) {
    this.log = running.log;
    this.exited = running.exited;
    this.#running = running;
  }

  /** Keeps the host program alive until the worker ends; without it a host that is done may exit, and the worker goes with it. */
  ref(): void {
    this.#running.ref();
  }

  /** Lets the host program exit while the worker runs. */
  unref(): void {
    this.#running.unref();
  }

  /** Has what the worker had sent read when it has ended, before its files are removed. */
  onEnd(readOut: () => Promise<void>): void {
    this.#running.readOut = readOut;
  }

  /** How the worker ended, if it does within this many milliseconds. */
  endedWithin(milliseconds: number): Promise<WorkerExit | undefined> {
    return this.#running.endedWithin(milliseconds);
  }

  /** What the worker had held back on a connection of this name, and had not sent when it ended, if it does within this many milliseconds. */
  heldBack(connection: string, milliseconds: number): Promise<HeldFrames | "untold" | undefined> {
    return this.#running.heldBack(connection, milliseconds);
  }

  /** Ends the worker: cuts its lifeline, then kills it when it has not ended in time. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.end();
  }
}
