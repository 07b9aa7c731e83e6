/**
 * What a worker prints: the last of it is kept, and whoever listens gets it line by line.
 *
 * @module
 */
import { type LogLevel, type LogLine, readLogLine } from "./log_line.ts";
import type { WorkerPlacement } from "./worker_placement.ts";

export type { LogLevel };

/** One line that a worker printed, or that this package says of it. */
export interface LogRecord {
  /** When the host read it. */
  readonly time: Date;
  /**
   * Where it was printed. What a Python plugin prints to standard output arrives on standard error. `"host"` is this package's own word: a worker
   * was started again, or a plugin's `cleanup()` failed.
   */
  readonly stream: "stdout" | "stderr" | "host";
  /** The line without its end; bytes that are no UTF-8 are replaced, and what is beyond 64 Ki characters is cut. */
  readonly text: string;
  /** How grave it is, where the line tells: Python's `logging`, or a JSON line with a `level`. */
  readonly level?: LogLevel;
  /** Where the worker runs that printed it; left out for one on this machine. */
  readonly placement?: WorkerPlacement;
  /** The call that printed it, where that is known: it was the only one that ran, or a JSON line with a `call_id` tells. */
  readonly callId?: string;
}

/** How the call of a record is known. */
export interface CallKnowledge {
  /** Whether the line itself tells it: otherwise it was the only one that ran when the line was read. */
  readonly tellsCall: boolean;
  /** Whether the worker has put it in front of the line, and not the plugin into it. */
  readonly isTagged: boolean;
}

/** Is called for a record. */
export type Follower = (record: LogRecord, how: CallKnowledge) => void;

/** How much of the output is kept for error messages, in characters. */
const MAX_TAIL = 8 * 1024;

/** Longer lines are cut here, in characters. */
const MAX_LINE = 64 * 1024;

/** How many records wait for a listener that does not keep up, and how many characters they have; older ones are dropped then. */
const MAX_WAITING = { records: 4_000, characters: 2 * 1024 * 1024 } as const;

/** Collects a worker's output. */
export class OutputLog implements AsyncIterable<LogRecord> {
  readonly #listeners = new Set<Listener>();
  readonly #followers = new Set<Follower>();
  readonly #forwardTo: OutputLog | undefined;
  /** Tells the call that runs now, if exactly one does. */
  onlyCall: () => string | undefined = () => undefined;
  /** Takes lines that are no log text, if there can be some, and says whether it has. */
  takeLine: ((line: string) => boolean) | undefined;
  /** Where the worker runs, once that is known of one that is not on this machine. */
  placement: WorkerPlacement | undefined;
  #lastLines: string[] = [];
  #characters = 0;
  #lastAt = 0;
  #closed = false;

  /**
   * Opens a log.
   *
   * @param forwardTo Gets every record as well: the log of the plugin, which outlives its workers.
   */
  constructor(forwardTo?: OutputLog) {
    this.#forwardTo = forwardTo;
  }

  /** Reads one of the worker's pipes to its end. */
  async drain(stream: LogRecord["stream"], chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const lines = new CuttingLines();
    for await (const chunk of chunks) {
      const batch = new Batch(this.placement);
      for (const text of lines.push(chunk)) {
        if (this.takeLine?.(text) !== true) this.#put(stream, readLogLine(text), batch);
      }
    }
    const rest = lines.rest();
    if (rest !== "") this.add(stream, rest);
  }

  /** Takes one line. */
  add(stream: LogRecord["stream"], line: string): void {
    this.#put(stream, readLogLine(line), new Batch(this.placement));
  }

  #put(stream: LogRecord["stream"], line: LogLine, batch: Batch): void {
    this.#lastAt = batch.at;
    this.#keep(line.text);
    if (this.#forwardTo !== undefined) this.#forwardTo.#put(stream, line, batch);
    if (this.#listeners.size === 0 && this.#followers.size === 0) return;
    const record = makeRecord(stream, line, { batch, callId: line.callId ?? batch.callOf(this) });
    for (const listener of this.#listeners) listener.push(record);
    for (const follower of this.#followers) {
      follower(record, { tellsCall: line.callId !== undefined, isTagged: line.isTagged === true && line.callId !== undefined });
    }
  }

  /** Takes what another program has made of its worker's output. */
  receive(record: LogRecord): void {
    for (const listener of this.#listeners) listener.push(record);
  }

  /** Has somebody called for each record at once, until that is disposed of. */
  follow(follower: Follower): Disposable {
    this.#followers.add(follower);
    return { [Symbol.dispose]: () => void this.#followers.delete(follower) };
  }

  /** Whether somebody reads the lines. */
  get isFollowed(): boolean {
    return this.#listeners.size > 0;
  }

  /** Ends every listener. Nothing more will come. */
  close(): void {
    this.#closed = true;
    for (const listener of this.#listeners) listener.end();
  }

  /** The last lines, at most 8 Ki characters. */
  get tail(): string {
    return this.#lastLines.join("\n").slice(-MAX_TAIL).trimEnd();
  }

  /** When the last line came, as `performance.now()` tells it; 0 when none has. */
  get lastAt(): number {
    return this.#lastAt;
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

  /** Old lines go in lots: to move what stays for each line of a flood would cost more than the line. */
  #keep(text: string): void {
    this.#lastLines.push(text);
    this.#characters += text.length + 1;
    if (this.#characters < 2 * MAX_TAIL) return;
    const kept = this.#lastLines.join("\n").slice(-MAX_TAIL);
    this.#lastLines = [kept];
    this.#characters = kept.length + 1;
  }
}

/** What all lines have in common that are read at once: to find it out for each line of a flood would cost more than the line. */
class Batch {
  readonly time: Date = new Date();
  readonly at: number = performance.now();
  readonly placement: WorkerPlacement | undefined;
  #call: { readonly id: string | undefined } | undefined;

  constructor(placement: WorkerPlacement | undefined) {
    this.placement = placement;
  }

  callOf(log: OutputLog): string | undefined {
    return (this.#call ??= { id: log.onlyCall() }).id;
  }
}

function makeRecord(
  stream: LogRecord["stream"],
  { text, level }: LogLine,
  { batch: { time, placement }, callId }: { batch: Batch; callId: string | undefined },
): LogRecord {
  const record: { -readonly [Key in keyof LogRecord]: LogRecord[Key] } = { time, stream, text };
  if (level !== undefined) record.level = level;
  if (placement !== undefined) record.placement = placement;
  if (callId !== undefined) record.callId = callId;
  return record;
}

class Listener {
  #waiting: LogRecord[] = [];
  #characters = 0;
  #dropped = 0;
  #wake = Promise.withResolvers<void>();
  #ended = false;

  push(record: LogRecord): void {
    this.#waiting.push(record);
    this.#characters += record.text.length;
    if (this.#waiting.length > MAX_WAITING.records || this.#characters > MAX_WAITING.characters) this.#dropHalf();
    this.#wake.resolve();
  }

  end(): void {
    this.#ended = true;
    this.#wake.resolve();
  }

  async *records(): AsyncGenerator<LogRecord, void, void> {
    while (true) {
      const batch = this.#take();
      yield* batch;
      if (this.#waiting.length > 0) continue;
      if (this.#ended) return;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<void>();
    }
  }

  #take(): LogRecord[] {
    const batch = this.#waiting;
    if (this.#dropped > 0) {
      batch.unshift({ time: new Date(), stream: "host", text: `${this.#dropped} lines were dropped, for nobody read them` });
    }
    this.#waiting = [];
    this.#characters = 0;
    this.#dropped = 0;
    return batch;
  }

  #dropHalf(): void {
    const half = Math.ceil(this.#waiting.length / 2);
    this.#waiting.splice(0, half);
    this.#dropped += half;
    this.#characters = this.#waiting.reduce((sum, { text }) => sum + text.length, 0);
  }
}

/** Splits into lines; of a line that is too long the first part is kept and the rest dropped. */
class CuttingLines {
  readonly #decoder = new TextDecoder();
  #line = "";
  #cut = false;

  *push(bytes: Uint8Array): Generator<string, void, void> {
    const text = this.#decoder.decode(bytes, { stream: true });
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      this.#keep(text.slice(start, end));
      yield this.#take();
      start = end + 1;
    }
    this.#keep(text.slice(start));
  }

  rest(): string {
    this.#keep(this.#decoder.decode());
    return this.#take();
  }

  #take(): string {
    const text = this.#cut ? `${this.#line}…` : this.#line.replace(/\r$/, "");
    this.#line = "";
    this.#cut = false;
    return text;
  }

  #keep(part: string): void {
    const room = MAX_LINE - this.#line.length;
    this.#cut ||= part.length > room;
    this.#line += part.length > room ? part.slice(0, room) : part;
  }
}
