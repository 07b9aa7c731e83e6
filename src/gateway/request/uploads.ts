/**
 * The files that come with a request, on disk until its call has ended.
 *
 * @module
 */
import { extensionOf, MEDIA_TYPES } from "../../protocol/media_types.ts";
import { type FileBackedDTO, isFull } from "../../protocol/file_values.ts";
import { PrivateFolder } from "../../payload/private_folder.ts";
import { NoRoomError, Quota } from "../../payload/scratch.ts";
import { scratchRoot } from "../../permissions/required.ts";

/** Where files wait for their calls, and how much of them there may be. */
export interface UploadPlace {
  /** The folder in which each request gets a private one. */
  readonly root: string;
  /** How many bytes there may be at a time. */
  readonly limit: number;
  /** Counts the bytes of all requests. */
  readonly quota: Quota;
}

/** A place with room for so many bytes. */
export function uploadPlace(scratchDir: string | undefined, limit: number): UploadPlace {
  return { root: scratchRoot({ scratchDir }), limit, quota: new Quota(limit) };
}

/** What a client says of a file. */
export interface UploadFacts {
  /** What it calls the file; `undefined` when it does not say. */
  readonly filename: string | undefined;
  /** What it says that the bytes are. */
  readonly mediaType: string;
}

/** A file that has come as a whole. */
export class Upload implements FileBackedDTO {
  /** Where it lies. */
  readonly path: string;
  /** How many bytes it has. */
  readonly size: number;
  readonly #extension: string;

  /** Only {@linkcode Uploads} makes them. */
  constructor(path: string, size: number, extension: string) {
    this.path = path;
    this.size = size;
    this.#extension = extension;
  }

  /**
   * Gives the file to a worker, and tells its path there. It is not copied where that can be: the same file gets another name. It stays where it is as well,
   * for a call that had not begun when its worker died is sent to another one.
   */
  async toTempFile(dir: string): Promise<string> {
    const path = `${dir}/${crypto.randomUUID()}${this.#extension}`;
    try {
      await Deno.link(this.path, path);
    } catch {
      // Another file system, or one without links.
      await Deno.copyFile(this.path, path);
    }
    return path;
  }
}

/** The files of one request. */
export class Uploads implements AsyncDisposable {
  readonly #place: UploadPlace;
  #folder: PrivateFolder | undefined;
  #count = 0;
  #bytes = 0;

  /** Nothing is made before the first file comes. */
  constructor(place: UploadPlace) {
    this.#place = place;
  }

  /** How many bytes have come. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Writes a file to disk as it comes.
   *
   * @throws {NoRoomError} When there is no place for it.
   */
  async receive(pieces: AsyncIterable<Uint8Array>, facts: UploadFacts): Promise<Upload> {
    const extension = extensionFor(facts);
    this.#folder ??= PrivateFolder.create(this.#place.root);
    const path = this.#folder.file(`${this.#count++}${extension}`);
    try {
      return new Upload(path, await this.#write(path, pieces), extension);
    } catch (cause) {
      throw isFull(cause) ? new NoRoomError("the gateway's disk is full", { cause }) : cause;
    }
  }

  /** Removes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder?.[Symbol.asyncDispose]();
    this.#place.quota.release(this.#bytes);
    this.#bytes = 0;
  }

  async #write(path: string, pieces: AsyncIterable<Uint8Array>): Promise<number> {
    using file = await Deno.open(path, { createNew: true, write: true, mode: 0o600 });
    let size = 0;
    for await (const piece of pieces) {
      this.#place.quota.reserve(piece.length);
      this.#bytes += piece.length;
      size += piece.length;
      for (let rest = piece; rest.length > 0;) rest = rest.subarray(await file.write(rest));
    }
    return size;
  }
}

/** Many plugins tell by the extension what a file is. That of the client's name counts, where there is one. */
function extensionFor({ filename = "", mediaType }: UploadFacts): string {
  const [own] = /\.\w{1,16}$/.exec(filename) ?? [];
  if (own !== undefined) return own;
  return Object.values(MEDIA_TYPES).includes(mediaType) ? extensionOf(mediaType) : "";
}
