/**
 * The file of the access log.
 *
 * @module
 */

/** What lines are written to. */
export interface LineTarget {
  /** Writes some of the bytes, and tells how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** What is told of a writer. */
export interface LineWriterOptions {
  /** Told once that lines are lost, and why. What comes later is tried again: a full disk may have room again. */
  readonly onLoss: (reason: string) => void;
  /** So many lines wait at most for a target that is slow. Default: 10,000. */
  readonly maxWaiting?: number;
}

const MAX_WAITING = 10_000;

/** Writes lines in their order. Nobody waits for it; lines beyond those that may wait are lost. */
export class LineWriter implements AsyncDisposable {
  readonly #target: LineTarget;
  readonly #options: LineWriterOptions;
  readonly #waiting: string[] = [];
  #writing: Promise<void> | undefined;
  #isLossTold = false;

  /** Takes what is written to. */
  constructor(target: LineTarget, options: LineWriterOptions) {
    this.#target = target;
    this.#options = options;
  }

  /** Writes a line. */
  write(line: string): void {
    const { maxWaiting = MAX_WAITING } = this.#options;
    if (this.#waiting.length >= maxWaiting) return this.#lose(`more than ${maxWaiting} lines wait to be written`);
    this.#waiting.push(line);
    this.#writing ??= this.#writeAll().finally(() => this.#writing = undefined);
  }

  /** Waits until all is written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      let rest = new TextEncoder().encode(this.#waiting.splice(0).map((line) => `${line}\n`).join(""));
      try {
        while (rest.length > 0) rest = rest.subarray(await this.#target.write(rest));
      } catch (error) {
        this.#lose((error as Error).message);
      }
    }
  }

  #lose(reason: string): void {
    if (!this.#isLossTold) this.#options.onLoss(reason);
    this.#isLossTold = true;
  }
}
