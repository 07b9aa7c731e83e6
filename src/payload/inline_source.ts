/**
 * Bytes that have come inside the JSON.
 *
 * @module
 */
import { extensionOf } from "../protocol/media_types.ts";
import { FileGoneError } from "./found_file.ts";
import { FileMapping } from "./file_mapping.ts";
import type { LocatedSource } from "./file_result.ts";
import type { BytesLocation } from "./location.ts";
import { removeIfThere } from "./private_folder.ts";

/** What a file for such bytes depends on. */
export interface InlineSourceOptions {
  readonly mediaType: string;
  /** The folder in which the file is made; throws when there is none. */
  readonly folder: () => string;
}

/** Bytes in memory, which become a file when somebody asks for its path. */
export class InlineSource implements LocatedSource {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #options: InlineSourceOptions;
  #path: string | undefined;

  /** Takes the bytes. */
  constructor(bytes: Uint8Array<ArrayBuffer>, options: InlineSourceOptions) {
    this.#bytes = bytes;
    this.#options = options;
  }

  get path(): string {
    return this.#path ??= this.#write();
  }

  get location(): BytesLocation {
    return { bytes: this.#bytes.buffer };
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    into.set(this.#bytes);
    return Promise.resolve(into.subarray(0, this.#bytes.length));
  }

  async *pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    yield this.#bytes.slice();
  }

  map(): Promise<FileMapping> {
    return Promise.resolve(new FileMapping(this.#bytes.slice().buffer, () => {}));
  }

  async remove(): Promise<void> {
    if (this.#path !== undefined) await removeIfThere(this.#path);
  }

  #write(): string {
    const path = this.#makeFile(this.#options.folder());
    Deno.writeFileSync(path, this.#bytes);
    return path;
  }

  #makeFile(dir: string): string {
    try {
      return Deno.makeTempFileSync({ dir, suffix: extensionOf(this.#options.mediaType) });
    } catch (cause) {
      if (!(cause instanceof Deno.errors.NotFound)) throw cause;
      throw new FileGoneError(`the folder "${dir}" is not there`, { cause }); // Its worker has ended.
    }
  }
}
