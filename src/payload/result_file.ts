/**
 * A file that a worker gave as a result.
 *
 * @module
 */
import { FileGoneError, type FoundFile } from "./found_file.ts";
import { HeldFile } from "./held_file.ts";
import { BYTES_MEDIA_TYPE } from "../protocol/media_types.ts";
import type { SpareFiles } from "./spare_files.ts";
import type { FileMapping, MemoryMaps } from "./file_mapping.ts";
import type { FileSource, LocatedSource } from "./file_result.ts";
import type { BytesLocation } from "./location.ts";

/** What becomes of such files. */
export interface ResultFileOptions {
  /** Where they go for the worker to write them again; `undefined` where that cannot be. */
  readonly spares: SpareFiles | undefined;
  /** How they are mapped. */
  readonly maps: () => MemoryMaps;
}

/** A result's file, which is the host's until it is removed. */
export class ResultFile implements LocatedSource {
  readonly #file: FoundFile;
  readonly #options: ResultFileOptions;
  #held: HeldFile | undefined;

  /** Takes it over. */
  constructor(file: FoundFile, options: ResultFileOptions) {
    this.#file = file;
    this.#options = options;
  }

  get path(): string {
    return this.#file.path;
  }

  get location(): BytesLocation {
    return { file: this.#file.facts };
  }

  async read(into: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#held !== undefined) return await readHeld(this.#held, into);
    try {
      return await this.#file.read(into);
    } catch (error) {
      return await readHeld(this.#heldAfter(error), into);
    }
  }

  async *pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    if (this.#held !== undefined) return yield* this.#held.pieces();
    try {
      yield* this.#file.pieces();
    } catch (error) {
      // It is gone before its first piece: what is open is there to its end.
      yield* this.#heldAfter(error).pieces();
    }
  }

  /** The worker may have ended between the question for the file and its opening. */
  #heldAfter(error: unknown): HeldFile {
    if (error instanceof FileGoneError && this.#held !== undefined) return this.#held;
    throw error;
  }

  /** Keeps it open, so that it can be read when its worker's folder has been removed. False when it cannot be. */
  hold(): boolean {
    try {
      this.#held ??= HeldFile.of(this.#file, BYTES_MEDIA_TYPE);
    } catch {
      // It is not there, or this program may not open as many files. Whoever reads it finds out.
    }
    return this.#held !== undefined;
  }

  map(): Promise<FileMapping> {
    return this.#file.map(this.#options.maps());
  }

  async remove(): Promise<void> {
    this.#held?.[Symbol.dispose]();
    if (this.#held !== undefined) return await this.#file.remove();
    const { spares } = this.#options;
    await (spares === undefined ? this.#file.remove() : spares.keep(this.#file, "out"));
  }
}

/** A result's file that the end of its worker has taken along. */
export class GoneFile implements FileSource {
  readonly path: string;
  readonly #why: FileGoneError;

  /** Tells of it whoever reads it. */
  constructor(path: string, why: FileGoneError) {
    this.path = path;
    this.#why = why;
  }

  read(): Promise<never> {
    return Promise.reject(this.#why);
  }

  map(): Promise<never> {
    return Promise.reject(this.#why);
  }

  // deno-lint-ignore require-yield -- It has none.
  async *pieces(): AsyncGenerator<never, void, void> {
    throw await Promise.resolve(this.#why);
  }

  remove(): Promise<void> {
    return Promise.resolve();
  }
}

async function readHeld(held: HeldFile, into: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  let filled = 0;
  for await (const piece of held.pieces()) {
    into.set(piece, filled);
    filled += piece.length;
  }
  return into.subarray(0, filled);
}
