/**
 * What a manager tells of its plugins while it works.
 *
 * @module
 */
import type { PluginError } from "../errors.ts";
import type { WorkerExit } from "../process/worker_process.ts";

/** Why a worker was let go. */
export type StopReason = "unload" | "reload" | "idle" | "evicted" | "disabled" | "unhealthy" | "dispose";

/** What happened to one plugin. */
export type PluginEvent =
  /** Its manifest was found, has changed on disk since it was read, or has gone. A plugin that runs goes on with the manifest that it started with. */
  | { readonly type: "found" | "changed" | "gone" }
  /** A worker is being started. */
  | { readonly type: "starting" }
  /** It waits for memory that others hold. */
  | { readonly type: "waiting"; readonly systemMb: number; readonly gpuMb: number }
  /** A worker takes calls. */
  | { readonly type: "ready"; readonly pid: number | undefined; readonly tookMs: number }
  /** A worker could not be started. */
  | { readonly type: "failed"; readonly error: unknown }
  /** A worker was let go. */
  | { readonly type: "stopped"; readonly pid: number | undefined; readonly reason: StopReason }
  /** A worker ended although nobody had asked it to, and is not started again before the next call. */
  | { readonly type: "exited"; readonly pid: number | undefined; readonly exit: WorkerExit }
  /** A worker ended, and is started again by the manifest's `restart`. */
  | { readonly type: "restarting"; readonly error: PluginError; readonly delayMs: number }
  /** A worker has not answered twice in a row, and is let go. */
  | { readonly type: "unhealthy"; readonly pid: number | undefined }
  /** These files of its code have changed, and it is being reloaded. Not all of them may be known after a reload that has failed. */
  | { readonly type: "edited"; readonly files: readonly string[] }
  /** What was edited cannot be loaded, and the workers from before go on. */
  | { readonly type: "kept"; readonly error: unknown }
  /** All workers are new. */
  | { readonly type: "reloaded" }
  /** Calls are accepted again, or refused. */
  | { readonly type: "enabled" | "disabled" }
  /** The plugin has another configuration. */
  | { readonly type: "configured" };

/** Something happened. */
export type ManagerEvent =
  | PluginEvent & { readonly time: Date; readonly plugin: string; readonly version: string }
  /** A manifest cannot be used. */
  | { readonly type: "problem"; readonly time: Date; readonly source: string; readonly error: PluginError }
  /** This reader did not keep up, so that its oldest events were dropped. */
  | { readonly type: "dropped"; readonly time: Date; readonly count: number };

/** How many events wait for a reader that does not keep up. */
const MAX_WAITING = 1_000;

/** Hands each event to everybody who reads at that moment. */
export class EventStream implements AsyncIterable<ManagerEvent> {
  readonly #readers = new Set<Reader>();
  #closed = false;

  /** Tells all readers. */
  publish(event: ManagerEvent): void {
    for (const reader of this.#readers) reader.push(event);
  }

  /** Ends all readers, once they have read what waits for them. */
  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader.end();
  }

  /** The events from now on. A reader has its place from the moment at which it is made, not from its first event. */
  [Symbol.asyncIterator](): AsyncIterator<ManagerEvent> {
    const reader: Reader = new Reader(() => this.#readers.delete(reader));
    this.#readers.add(reader);
    if (this.#closed) reader.end();
    return reader;
  }
}

class Reader implements AsyncIterator<ManagerEvent> {
  readonly #leave: () => void;
  readonly #waiting: ManagerEvent[] = [];
  #wake = Promise.withResolvers<void>();
  #dropped = 0;
  #ended = false;

  constructor(leave: () => void) {
    this.#leave = leave;
  }

  push(event: ManagerEvent): void {
    if (this.#waiting.push(event) > MAX_WAITING) {
      this.#waiting.shift();
      this.#dropped++;
    }
    this.#wake.resolve();
  }

  end(): void {
    this.#ended = true;
    this.#wake.resolve();
  }

  async next(): Promise<IteratorResult<ManagerEvent, undefined>> {
    while (this.#waiting.length === 0 && !this.#ended) {
      this.#wake = Promise.withResolvers();
      await this.#wake.promise;
    }
    const value = this.#dropped > 0 ? this.#takeDropped() : this.#waiting.shift();
    return value === undefined ? { done: true, value } : { done: false, value };
  }

  return(): Promise<IteratorResult<ManagerEvent, undefined>> {
    this.#leave();
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  #takeDropped(): ManagerEvent {
    const count = this.#dropped;
    this.#dropped = 0;
    return { type: "dropped", time: new Date(), count };
  }
}
