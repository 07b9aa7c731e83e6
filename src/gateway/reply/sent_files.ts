/**
 * The files of a frame on their way to a client.
 *
 * @module
 */
import type { FileResult } from "../../payload/file_result.ts";

/** The bytes of files, one after the other. */
export class SentFiles {
  readonly #files: readonly FileResult[];
  readonly #pieces: AsyncGenerator<Uint8Array, void, void>;
  #left: number;

  /** Opens nothing yet. */
  constructor(files: readonly FileResult[]) {
    this.#files = files;
    this.#pieces = piecesOf(files);
    this.#left = files.reduce((sum, { size }) => sum + size, 0);
  }

  /** Whether all of them have been read. */
  get isDone(): boolean {
    return this.#left === 0;
  }

  /** The next of them. When there are no more, the files are let go of. */
  async next(): Promise<Uint8Array> {
    const { value } = await this.#pieces.next();
    if (value === undefined) throw new TypeError("A result has fewer bytes than its size says");
    this.#left -= value.length;
    if (this.isDone) await this.drop();
    return value;
  }

  /** Lets go of the files. */
  async drop(): Promise<void> {
    await this.#pieces.return();
    await Promise.allSettled(this.#files.map((file) => file[Symbol.asyncDispose]()));
  }
}

async function* piecesOf(files: readonly FileResult[]): AsyncGenerator<Uint8Array, void, void> {
  for (const file of files) yield* file.stream();
}
