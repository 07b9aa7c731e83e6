/**
 * What a worker prints: the last of it is kept, and whoever listens gets it line by line.
 *
 * @module
 */

/** One line that a worker printed. */
export interface LogRecord {
  /** When the host read it. */
  readonly time: Date;
  /** Where it was printed. What a Python plugin prints to standard output arrives on standard error. */
  readonly stream: "stdout" | "stderr";
  /** The line without its end; bytes that are no UTF-8 are replaced, and what is beyond 64 KiB is cut. */
  readonly text: string;
}

/** How much of the output is kept for error messages, in characters. */
const MAX_TAIL = 8 * 1024;

/** Longer lines are cut here, in bytes. */
const MAX_LINE_BYTES = 64 * 1024;

/** How many records wait for a listener that does not keep up; older ones are dropped then. */
const MAX_WAITING = 10_000;

/** Collects a worker's output. */
export class OutputLog implements AsyncIterable<LogRecord> {
  readonly #listeners = new Set<Listener>();
  #tail = "";
  #closed = false;

  /** Reads one of the worker's pipes to its end. */
  async drain(stream: LogRecord["stream"], chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const lines = new CuttingLines();
    for await (const chunk of chunks) {
      for (const text of lines.push(chunk)) this.add(stream, text);
    }
    const rest = lines.rest();
    if (rest !== "") this.add(stream, rest);
  }

  /** Takes one line. */
  add(stream: LogRecord["stream"], text: string): void {
    const record: LogRecord = { time: new Date(), stream, text };
    this.#tail = `${this.#tail}${text}\n`.slice(-MAX_TAIL);
    for (const listener of this.#listeners) listener.push(record);
  }

  /** Ends every listener. Nothing more will come. */
  close(): void {
    this.#closed = true;
    for (const listener of this.#listeners) listener.end();
  }

  /** The last lines, at most 8 KiB. */
  get tail(): string {
    return this.#tail.trimEnd();
  }

  /** The lines from now on, until the worker has ended. */
  async *[Symbol.asyncIterator](): AsyncGenerator<LogRecord, void, void> {
    const listener = new Listener();
    if (this.#closed) return;
    this.#listeners.add(listener);
    try {
      yield* listener.records();
    } finally {
      this.#listeners.delete(listener);
    }
  }
}

class Listener {
  #waiting: LogRecord[] = [];
  #wake = Promise.withResolvers<void>();
  #ended = false;

  push(record: LogRecord): void {
    this.#waiting.push(record);
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
    this.#wake.resolve();
  }

  end(): void {
    this.#ended = true;
    this.#wake.resolve();
  }

  async *records(): AsyncGenerator<LogRecord, void, void> {
    while (true) {
      const batch = this.#waiting;
      this.#waiting = [];
      yield* batch;
      if (this.#waiting.length > 0) continue;
      if (this.#ended) return;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<void>();
    }
  }
}

/** Splits into lines; of a line that is too long the first part is kept and the rest dropped. */
class CuttingLines {
  #line = new Uint8Array(0);
  #cut = false;

  *push(bytes: Uint8Array): Generator<string, void, void> {
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
      this.#keep(bytes.subarray(start, end));
      yield this.rest();
      start = end + 1;
    }
    this.#keep(bytes.subarray(start));
  }

  rest(): string {
    const text = new TextDecoder().decode(this.#line).replace(/\r$/, "");
    const marked = this.#cut ? `${text}…` : text;
    this.#line = new Uint8Array(0);
    this.#cut = false;
    return marked;
  }

  #keep(part: Uint8Array): void {
    const kept = part.subarray(0, MAX_LINE_BYTES - this.#line.length);
    this.#cut ||= kept.length < part.length;
    if (kept.length === 0) return;
    const line = new Uint8Array(this.#line.length + kept.length);
    line.set(this.#line);
    line.set(kept, this.#line.length);
    this.#line = line;
  }
}
