/**
 * The files that one call's arguments become, from before it is sent until it has ended.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import {
  contentOf,
  type FileBackedDTO,
  type FileContent,
  type FileValue,
  isFileBacked,
  isFileValue,
  writeContent,
} from "../protocol/file_values.ts";
import { isFull, NoRoomError, type Quota, roomiest, type ScratchFolders } from "./scratch.ts";
import { removeIfThere } from "./private_folder.ts";
import { ContentFile } from "./ready_made.ts";

/** What can be given in the place of a path: what becomes a file, or the URL of one. */
export type FileInput = FileValue | URL;

/** Whether an argument becomes the path of a file. */
export function becomesPath(value: object): boolean {
  return isFileValue(value) || isFileUrl(value);
}

/** The input files of one call, in a folder of their own. */
export class CallFiles implements AsyncDisposable {
  readonly #folders: ScratchFolders;
  readonly #quota: Quota;
  readonly #signal: AbortSignal;
  readonly #made = new Map<string, Promise<string>>();
  #writing: Promise<unknown> = Promise.resolve();
  #bytes = 0;

  /** Nothing is made before the first file is written. */
  constructor(folders: ScratchFolders, quota: Quota, signal: AbortSignal) {
    this.#folders = folders;
    this.#quota = quota;
    this.#signal = signal;
  }

  /**
   * Makes the file of an argument and tells its path; a `file:` URL's own file is taken as it is.
   *
   * @throws {NoRoomError} When there is no place for it.
   * @throws {TypeError} When an object with `toTempFile` gives no path.
   */
  async write(source: object): Promise<string> {
    this.#signal.throwIfAborted();
    if (isFileUrl(source)) return fromFileUrl(source);
    if (isFileBacked(source) && !(source instanceof ContentFile)) return await this.#letWrite(source);
    const content = source instanceof ContentFile ? source.content : contentOf(this.#abortable(source) as ArrayBuffer);
    const writing = this.#writeContent(content);
    this.#writing = writing.catch(() => {});
    return await writing;
  }

  /** How many bytes were written, not counting what the caller's own objects wrote. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Removes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
    const folders = await Promise.allSettled(this.#made.values());
    this.#made.clear();
    await Promise.all(folders.map((folder) => folder.status === "fulfilled" ? removeIfThere(folder.value) : undefined));
    this.#quota.release(this.#bytes);
    this.#bytes = 0;
  }

  async #writeContent(content: FileContent): Promise<string> {
    const root = await roomiest(this.#folders, content);
    try {
      if (content.size !== undefined) this.#reserve(content.size);
      return await writeContent(await this.#folderIn(root), content, (bytes) => this.#check(content, bytes));
    } catch (cause) {
      if (!isFull(cause)) throw cause;
      throw new NoRoomError(`the file system of "${root}" is full. Free some of it, or give another "scratchDir"`, { cause });
    }
  }

  #check(content: FileContent, bytes: number): void {
    this.#signal.throwIfAborted();
    if (content.size === undefined) this.#reserve(bytes);
  }

  #reserve(bytes: number): void {
    this.#quota.reserve(bytes);
    this.#bytes += bytes;
  }

  /** The caller's own code may take as long as it likes, but holds up nobody once the call has been given up. */
  async #letWrite(source: FileBackedDTO): Promise<string> {
    const given = Promise.withResolvers<never>();
    const giveUp = () => given.reject(this.#signal.reason);
    this.#signal.addEventListener("abort", giveUp, { once: true });
    try {
      const path: unknown = await Promise.race([source.toTempFile(await this.#folderIn(this.#folders.disk)), given.promise]);
      if (typeof path !== "string") throw new TypeError(`its "toTempFile" gave no path, but ${typeof path}`);
      return path;
    } finally {
      this.#signal.removeEventListener("abort", giveUp);
    }
  }

  /** A stream that stands still must not keep an abandoned call from ending. */
  #abortable(source: object): object {
    return source instanceof ReadableStream ? source.pipeThrough(new TransformStream(), { signal: this.#signal }) : source;
  }

  #folderIn(root: string): Promise<string> {
    const made = this.#made.get(root) ?? Deno.makeTempDir({ dir: root, prefix: "in-" });
    this.#made.set(root, made);
    return made;
  }
}

function isFileUrl(value: object): value is URL {
  return value instanceof URL && value.protocol === "file:";
}
