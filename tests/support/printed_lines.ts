/**
 * What a program prints, line by line.
 *
 * @module
 */
import { TextLineStream } from "@std/streams";
import { within } from "./guard.ts";

/** The lines of one of a program's pipes. */
export class PrintedLines {
  readonly #reader: ReadableStreamDefaultReader<string>;

  /** Takes over the pipe. */
  constructor(pipe: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = pipe.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
  }

  /** The next line. It is an error when there is none. */
  async next(what: string): Promise<string> {
    const { value, done } = await within(this.#reader.read(), what);
    if (done) throw new Error(`The program printed no more lines, of which one was to be ${what}`);
    return value;
  }

  /** Reads no more. */
  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}
