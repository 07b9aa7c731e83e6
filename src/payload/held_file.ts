/**
 * Files of results that are to be read later, whatever becomes of them meanwhile.
 *
 * @module
 */
import { extname } from "@std/path";
import { extensionOf } from "../protocol/media_types.ts";
import type { FileContent } from "../protocol/file_values.ts";
import { Turns } from "../protocol/turns.ts";
import { FoundFile } from "./found_file.ts";
import type { ResultLocation } from "./location.ts";
import { ContentFile } from "./ready_made.ts";

/** How much is read at a time, in bytes. */
const PIECE_BYTES = 1024 * 1024;

/** Closes the files of calls that were never made, as a stream's that nobody reads. */
const FORGOTTEN = new FinalizationRegistry<Deno.FsFile>((file) => file.close());

/**
 * A file that is kept open, so that its bytes stay when it is removed: by the end of its worker or of its result. Its last holder lets go of it.
 * It becomes a copy: a plugin may change its own input, and must not change by that what the host and other plugins have.
 */
export class HeldFile extends ContentFile implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #size: number;
  readonly #turns = new Turns(1);
  #holders = 1;

  private constructor(file: Deno.FsFile, content: Omit<FileContent, "parts">) {
    // What reads again begins at the start again: a call may be sent again.
    super({ ...content, parts: { [Symbol.asyncIterator]: () => this.pieces() } });
    this.#file = file;
    this.#size = content.size!;
    FORGOTTEN.register(this, file, this);
  }

  /**
   * Opens the file of a result, so that it can be read from now on.
   *
   * @throws {ForeignFileError} When it is not the one that its worker has given.
   * @throws {FileGoneError} When it is not there any more.
   */
  static open(location: ResultLocation): ContentFile {
    const { mediaType } = location;
    if ("bytes" in location) {
      const bytes = new Uint8Array(location.bytes);
      return new ContentFile({ parts: [bytes], size: bytes.length, extension: extensionOf(mediaType), mediaType });
    }
    return HeldFile.of(FoundFile.of(location.file), mediaType);
  }

  /** Opens a file that was found. Its errors are those of {@linkcode open}. */
  static of(found: FoundFile, mediaType: string): HeldFile {
    const extension = /^\.\w{1,16}$/.exec(extname(found.path))?.[0] ?? extensionOf(mediaType);
    return new HeldFile(found.open(), { size: found.size, extension, mediaType });
  }

  /** Holds it once more. */
  hold(): HeldFile {
    this.#holders++;
    return this;
  }

  /** Lets go of it. */
  [Symbol.dispose](): void {
    if (--this.#holders > 0) return;
    FORGOTTEN.unregister(this);
    this.#file.close();
  }

  /** The file piece by piece. Those who read it at the same time share its position, and take turns. */
  async *pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    using _turn = await this.#turns.acquire();
    await this.#file.seek(0, Deno.SeekMode.Start);
    for (let left = this.#size; left > 0;) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, left));
      const count = await this.#file.read(piece);
      if (count === null) throw new TypeError("the result that it was given has been cut");
      left -= count;
      yield piece.subarray(0, count);
    }
  }
}
