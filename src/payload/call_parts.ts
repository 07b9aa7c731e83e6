/**
 * The files of one call's arguments for a worker that shares no folder with this host: they are read while they are sent.
 *
 * @module
 */
import { extname, fromFileUrl } from "@std/path";
import { contentOf, type FileBackedDTO, type FileContent, isFileBacked } from "../protocol/file_values.ts";
import { mediaTypeOf } from "../protocol/media_types.ts";
import { isFileUrl, withSourceErrors, writtenBy } from "./call_files.ts";
import { untilAborted } from "../protocol/until_aborted.ts";
import { removeIfThere } from "./private_folder.ts";
import { ContentFile } from "./ready_made.ts";

/** How much of a file is read at a time, in bytes. */
const PIECE_BYTES = 256 * 1024;

/** The input files of one call. */
export class CallParts implements AsyncDisposable {
  readonly #signal: AbortSignal;
  #folder: string | undefined;
  #bytes = 0;

  /** Nothing is opened before it is asked for. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** How many bytes the files have whose size is known. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * What is sent for an argument.
   *
   * @throws {SourceError} When an object with `toTempFile` fails.
   * @throws {TypeError} When it gives no path.
   */
  async open(source: object): Promise<FileContent> {
    this.#signal.throwIfAborted();
    const content = withSourceErrors(await this.#contentOf(source));
    this.#bytes += content.size ?? 0;
    return content;
  }

  /** Removes what the caller's own objects have written. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#folder !== undefined) await removeIfThere(this.#folder);
  }

  async #contentOf(source: object): Promise<FileContent> {
    if (isFileUrl(source)) return await contentOfFile(fromFileUrl(source));
    if (source instanceof ContentFile) return source.content;
    if (isFileBacked(source)) return await contentOfFile(await this.#letWrite(source));
    return contentOf(this.#abortable(source) as ArrayBuffer);
  }

  /** Such an object writes to a folder, and needs permission to write to the one for temporary files. */
  async #letWrite(source: FileBackedDTO): Promise<string> {
    this.#folder ??= await Deno.makeTempDir({ prefix: "remote-plugin-input-" });
    return await untilAborted(writtenBy(source, this.#folder), this.#signal);
  }

  /** A stream that stands still must not keep an abandoned call from ending. */
  #abortable(source: object): object {
    return source instanceof ReadableStream ? source.pipeThrough(new TransformStream(), { signal: this.#signal }) : source;
  }
}

async function contentOfFile(path: string): Promise<FileContent> {
  const { size, isFile } = await Deno.stat(path);
  if (!isFile) throw new TypeError(`"${path}" is no plain file`);
  return { parts: { [Symbol.asyncIterator]: () => piecesOf(path) }, size, extension: extname(path), mediaType: mediaTypeOf(path) };
}

async function* piecesOf(path: string): AsyncGenerator<Uint8Array, void, void> {
  using file = await Deno.open(path);
  while (true) {
    const piece = new Uint8Array(PIECE_BYTES);
    const count = await file.read(piece);
    if (count === null) return;
    yield piece.subarray(0, count);
  }
}
