/**
 * A stream that is read a little ahead of its reader, in the thread of a blocking proxy.
 *
 * @module
 */
import { Handover } from "../transport/blocking/messages.ts";
import type { BridgeControl } from "../transport/blocking/server.ts";
import type { SentValue } from "./sent_values.ts";

/** What the reader gets at once: all that has come, and whether that was all. */
export interface Batch {
  readonly chunks: readonly SentValue[];
  readonly done: boolean;
}

/** A batch of chunks, or a piece of a file, whose memory is handed over. */
export function handOver(batch: Batch): Batch | Handover {
  const memory = batch.chunks.flatMap(({ bytes }) => bytes ?? []);
  return memory.length === 0 ? batch : new Handover(batch, memory);
}

/** How many places there are for chunks that are read ahead: enough to hide the way between the threads, few enough that memory is bounded by the chunk. */
const PLACES = 256;
/** How many of them a chunk takes that is not small. */
const PLACES_OF_LARGE = 8;

/**
 * A reader who comes back sooner than this, in milliseconds, is one of a stream that flows. There it pays to hand over several chunks at once, so the
 * first of them is kept back for as long at most.
 */
const MAX_HOLD_MS = 1;
const WORTHWHILE_PLACES = 64;

/** Opens the stream; what it is given ends it and takes its reports. */
export type OpenStream = (control: BridgeControl) => AsyncGenerator<unknown, unknown, void>;

/** What a stream needs besides. */
export interface RunAheadOptions {
  /**
   * Whether it reports progress, or asks. Such a one is not read ahead, for its reader is to get the reports in their places between the chunks, and
   * answers only while it waits.
   */
  readonly reports: boolean;
  /** Makes a chunk ready for its reader. */
  readonly onChunk: (chunk: unknown) => SentValue;
}

/** Reads a stream, and stops when its reader falls behind. */
export class RunAhead {
  readonly #stream: AsyncGenerator<unknown, unknown, void>;
  readonly #abort = new AbortController();
  readonly #places: number;
  readonly #onChunk: RunAheadOptions["onChunk"];
  readonly #running: Promise<void>;
  #chunks: SentValue[] = [];
  /** How many places they take. */
  #taken = 0;
  #end: { readonly error?: unknown } | undefined;
  #isTold = false;
  #lastPull = -Infinity;
  #reader: BridgeControl | undefined;
  #wakeReader: (() => void) | undefined;
  #wakePump: (() => void) | undefined;

  /** Begins to read. */
  constructor(open: OpenStream, { reports, onChunk }: RunAheadOptions) {
    this.#onChunk = onChunk;
    this.#places = reports ? 0 : PLACES;
    this.#stream = open({
      signal: this.#abort.signal,
      onProgress: (progress) => this.#reader?.onProgress(progress),
      ask: (question) => this.#reader!.ask(question),
    });
    this.#running = this.#pump();
  }

  /** Whether the reader has all that there was, the error at its end included. */
  get ended(): boolean {
    return this.#isTold;
  }

  /** What has come since the last time; waits when that is nothing. Throws what the stream has thrown, after its chunks. */
  async pull(reader: BridgeControl): Promise<Batch> {
    this.#reader = reader;
    const abort = () => this.#abort.abort();
    reader.signal.addEventListener("abort", abort, { once: true });
    this.#wakePump?.();
    if (this.#flows()) await this.#hold();
    while (this.#chunks.length === 0 && this.#end === undefined) await this.#news();
    reader.signal.removeEventListener("abort", abort);
    this.#reader = undefined;
    return this.#batch();
  }

  /** Cancels the stream when it has not ended. Resolves when it has let go, to the chunks that nobody has read. */
  async close(): Promise<readonly SentValue[]> {
    this.#abort.abort();
    this.#wakePump?.();
    await this.#running;
    return this.#chunks;
  }

  #flows(): boolean {
    const last = this.#lastPull;
    this.#lastPull = performance.now();
    return this.#places > 0 && this.#lastPull - last < MAX_HOLD_MS;
  }

  /** Lets some more chunks come. */
  async #hold(): Promise<void> {
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      this.#wakeReader?.();
    }, MAX_HOLD_MS);
    while (!over && this.#taken < WORTHWHILE_PLACES && this.#end === undefined) await this.#news();
    clearTimeout(timer);
  }

  #news(): Promise<void> {
    return new Promise((resolve) => this.#wakeReader = resolve);
  }

  #batch(): Batch {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#taken = 0;
    this.#wakePump?.();
    const end = this.#end;
    const fails = end !== undefined && "error" in end;
    this.#isTold = end !== undefined && (!fails || chunks.length === 0);
    if (fails && this.#isTold) throw end.error;
    return { chunks, done: this.#isTold };
  }

  async #pump(): Promise<void> {
    try {
      while (this.#mayRead() || await this.#room()) {
        const { value, done } = await this.#stream.next();
        if (done) break;
        this.#add(value);
        this.#wakeReader?.();
      }
      await this.#stream.return(undefined);
      this.#end = {};
    } catch (error) {
      this.#end = { error };
    }
    this.#wakeReader?.();
  }

  #add(chunk: unknown): void {
    const sent = this.#onChunk(chunk);
    this.#chunks.push(sent);
    this.#taken += sent.text === undefined ? 1 : PLACES_OF_LARGE;
  }

  #mayRead(): boolean {
    return this.#taken < this.#wanted() && !this.#abort.signal.aborted;
  }

  /** Waits until the reader has taken enough, or wants something; false when the stream was closed. */
  async #room(): Promise<boolean> {
    while (!this.#mayRead() && !this.#abort.signal.aborted) await new Promise<void>((resolve) => this.#wakePump = resolve);
    return !this.#abort.signal.aborted;
  }

  #wanted(): number {
    return this.#reader === undefined ? this.#places : Math.max(1, this.#places);
  }
}
