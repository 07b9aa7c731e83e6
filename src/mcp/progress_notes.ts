/**
 * How far a call has come, as MCP tells it: ever more, and not more often than anybody looks.
 *
 * @module
 */
import type { Progress } from "../plugin/interface.ts";

/** What a client is told. */
export interface ProgressNote {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

/** The time between two notes, in milliseconds. What comes meanwhile is told in one. */
export const NOTE_INTERVAL_MS = 100;

/** The longest message of a note, in characters. Of a longer one the end is told. */
const MAX_MESSAGE = 2_000;

/** How much more the protocol wants of each note, where a call has not come further. */
const STEP = 1e-6;

/** Tells a client how far a call has come. */
export class ProgressNotes implements AsyncDisposable {
  readonly #send: (note: ProgressNote) => Promise<void>;
  #sent: Promise<void> = Promise.resolve();
  #last = -STEP;
  #waiting: ProgressNote | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Tells nothing yet. */
  constructor(send: (note: ProgressNote) => Promise<void>) {
    this.#send = send;
  }

  /** The plugin has reported. */
  report({ progress, message }: Progress): void {
    const further = Math.max(progress, this.#last + STEP);
    this.#last = further;
    const total = progress < 0 ? undefined : Math.max(1, further);
    this.#tell({ progress: further, ...total === undefined ? {} : { total }, ...message === "" ? {} : { message } });
  }

  /** A chunk has come: of a stream nobody knows how many there will be. */
  chunk(line: string): void {
    this.#last = Math.floor(Math.max(0, this.#last)) + 1;
    const before = this.#waiting?.message;
    const message = (before === undefined ? line : `${before}\n${line}`).slice(-MAX_MESSAGE);
    this.#tell({ progress: this.#last, message });
  }

  /** Tells what has not been told yet: nothing may come behind the result. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#flush();
    clearTimeout(this.#timer);
    await this.#sent;
  }

  #tell(note: ProgressNote): void {
    this.#waiting = note;
    if (this.#timer === undefined) this.#flush();
  }

  #flush(): void {
    const note = this.#waiting;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (note === undefined) return;
    this.#waiting = undefined;
    this.#timer = setTimeout(() => this.#flush(), NOTE_INTERVAL_MS);
    this.#sent = this.#send(note);
  }
}
