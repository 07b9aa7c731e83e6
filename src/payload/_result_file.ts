/**
 * A file that a worker gave as a result.
 *
 * @module
 */
import type { FoundFile } from "./_found_file.ts";
import type { SpareFiles } from "./_spare_files.ts";
import type { FileMapping, MemoryMaps } from "./file_mapping.ts";
import type { PlacedSource } from "./file_result.ts";
import type { Place } from "./place.ts";

/** What becomes of such files. */
export interface ResultFileOptions {
  /** Where they go for the worker to write them again; `undefined` where that cannot be. */
  readonly spares: SpareFiles | undefined;
  /** How they are mapped. */
  readonly maps: () => MemoryMaps;
}

/** A result's file, which is the host's until it is removed. */
export class ResultFile implements PlacedSource {
  readonly #file: FoundFile;
  readonly #options: ResultFileOptions;

  /** Takes it over. */
  constructor(file: FoundFile, options: ResultFileOptions) {
    this.#file = file;
    this.#options = options;
  }

  get path(): string {
    return this.#file.path;
  }

  get place(): Place {
    return { file: this.#file.facts };
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    return this.#file.read(into);
  }

  pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    return this.#file.pieces();
  }

  map(): Promise<FileMapping> {
    return this.#file.map(this.#options.maps());
  }

  async remove(): Promise<void> {
    const { spares } = this.#options;
    await (spares === undefined ? this.#file.remove() : spares.keep(this.#file, "out"));
  }
}
