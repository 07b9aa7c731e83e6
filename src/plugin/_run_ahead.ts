/**
 * A stream that is read a little ahead of its reader, in the thread of a blocking proxy.
 *
 * @module
 */
import type { BridgeControl } from "../transport/bridge_server.ts";

/** What the reader gets at once: all that has come, and whether that was all. */
export interface Batch {
  readonly chunks: readonly unknown[];
  readonly done: boolean;
}

/** How many chunks are read ahead: enough to hide the way between the threads, few enough that memory is bounded by the chunk. */
const MAX_AHEAD = 32;

/** Opens the stream; what it is given ends it and takes its reports. */
export type OpenStream = (control: BridgeControl) => AsyncGenerator<unknown, void, void>;

/** Reads a stream, and stops when its reader falls behind. */
export class RunAhead {
  readonly #stream: AsyncGenerator<unknown, void, void>;
  readonly #abort = new AbortController();
  readonly #maxAhead: number;
  readonly #running: Promise<void>;
  #chunks: unknown[] = [];
  #end: { readonly error?: unknown } | undefined;
  #reader: BridgeControl | undefined;
  #wakeReader: (() => void) | undefined;
  #wakePump: (() => void) | undefined;

  /** Begins to read. A stream that reports progress is not read ahead, for its reader is to get the reports in their places between the chunks. */
  constructor(open: OpenStream, { reports }: { readonly reports: boolean }) {
    this.#maxAhead = reports ? 0 : MAX_AHEAD;
    this.#stream = open({ signal: this.#abort.signal, onProgress: (progress) => this.#reader?.onProgress(progress) });
    this.#running = this.#pump();
  }

  /** Whether the reader has all that there was. */
  get ended(): boolean {
    return this.#end !== undefined && this.#chunks.length === 0;
  }

  /** What has come since the last time; waits when that is nothing. Throws what the stream has thrown, after its chunks. */
  async pull(reader: BridgeControl): Promise<Batch> {
    this.#reader = reader;
    const abort = () => this.#abort.abort();
    reader.signal.addEventListener("abort", abort, { once: true });
    this.#wakePump?.();
    while (this.#chunks.length === 0 && this.#end === undefined) await new Promise<void>((resolve) => this.#wakeReader = resolve);
    reader.signal.removeEventListener("abort", abort);
    this.#reader = undefined;
    return this.#batch();
  }

  /** Cancels the stream when it has not ended, and resolves when it has let go. */
  async close(): Promise<void> {
    this.#abort.abort();
    this.#wakePump?.();
    await this.#running;
  }

  #batch(): Batch {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#wakePump?.();
    if (chunks.length === 0 && this.#end !== undefined && "error" in this.#end) throw this.#end.error;
    return { chunks, done: this.#end !== undefined && !("error" in this.#end) };
  }

  async #pump(): Promise<void> {
    try {
      while (await this.#mayRead()) {
        const { value, done } = await this.#stream.next();
        if (done) break;
        this.#chunks.push(value);
        this.#wakeReader?.();
      }
      await this.#stream.return();
      this.#end = {};
    } catch (error) {
      this.#end = { error };
    }
    this.#wakeReader?.();
  }

  /** Waits until the reader has taken enough, or wants something; false when the stream was closed. */
  async #mayRead(): Promise<boolean> {
    while (!this.#abort.signal.aborted && this.#chunks.length >= this.#wanted()) {
      await new Promise<void>((resolve) => this.#wakePump = resolve);
    }
    return !this.#abort.signal.aborted;
  }

  #wanted(): number {
    return this.#reader === undefined ? this.#maxAhead : Math.max(1, this.#maxAhead);
  }
}
