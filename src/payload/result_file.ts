/**
 * A file that a worker gave as a result.
 *
 * @module
 */
import type { FileGoneError, FoundFile } from "./found_file.ts";
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

  // Its worker cannot end between the look whether it is held and the opening: both are one step.
  async read(into: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    return await (this.#held === undefined ? this.#file.read(into) : readHeld(this.#held, into));
  }

  async *pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    yield* (this.#held ?? this.#file).pieces();
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
