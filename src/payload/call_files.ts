/**
 * The files that one call's arguments become, from before it is sent until it has ended.
 *
 * @module
 */
import { fromFileUrl, join } from "@std/path";
import { messageOf } from "../protocol/text.ts";
import {
  contentOf,
  FEW_BYTES,
  type FileBackedDTO,
  type FileContent,
  type FileValue,
  INPUTS_FOLDER,
  isFileBacked,
  isFull,
  writeParts,
} from "../protocol/file_values.ts";
import { untilAborted } from "../protocol/until_aborted.ts";
import { NoRoomError, type Quota, roomiest, type ScratchFolders } from "./scratch.ts";
import { demandNoLink, makeFile, type SharedFolder } from "./found_file.ts";
import type { SpareFiles } from "./spare_files.ts";
import { removeIfThere } from "./private_folder.ts";
import { ContentFile } from "./ready_made.ts";

/** What can be given in the place of a path: what becomes a file, or the URL of one. */
export type FileInput = FileValue | URL;

/** What was to become a file failed at giving its bytes: an upload whose client has left, for example. Its own error is the `cause`. */
export class SourceError extends Error {
  override name = "SourceError";

  /** Wraps the error. */
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

/** What all calls of a worker share. */
export interface CallFilesOptions {
  readonly folders: ScratchFolders;
  /** The same folders, as they were before the worker could change anything in them. */
  readonly shared: readonly SharedFolder[];
  readonly quota: Quota;
  /** Files to be written again; `undefined` where that cannot be. */
  readonly spares: SpareFiles | undefined;
}

/** So many files are removed at once by this thread. */
const MOST_REMOVED = 4;

/** The input files of one call, in a folder of their own. */
export class CallFiles implements AsyncDisposable {
  readonly #folders: ScratchFolders;
  readonly #shared: readonly SharedFolder[];
  readonly #quota: Quota;
  readonly #spares: SpareFiles | undefined;
  readonly #signal: AbortSignal;
  readonly #made = new Map<string, string>();
  /** Those that were made here, and not only written to. */
  readonly #paths: string[] = [];
  readonly #written: { readonly path: string; readonly size: number }[] = [];
  #writing: Promise<unknown> = Promise.resolve();
  #bytes = 0;

  /** Nothing is made before the first file is written. */
  constructor({ folders, shared, quota, spares }: CallFilesOptions, signal: AbortSignal) {
    this.#folders = folders;
    this.#shared = shared;
    this.#quota = quota;
    this.#spares = spares;
    this.#signal = signal;
  }

  /**
   * Makes the file of an argument and tells its path; a `file:` URL's own file is taken as it is.
   *
   * @throws {NoRoomError} When there is no place for it.
   * @throws {SourceError} When its source fails.
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

  /** Removes the files, or lays them aside for a later call. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
    await Promise.allSettled(this.#written.splice(0).map(({ path, size }) => this.#spares?.keepInput(path, size)));
    const folders = [...this.#made.values()];
    this.#made.clear();
    const paths = this.#paths.splice(0);
    // The way to another thread and back takes longer than to remove a few.
    const areFew = paths.length <= MOST_REMOVED && this.#bytes <= FEW_BYTES;
    if (!areFew || !removeFew(paths, folders)) await Promise.all(folders.map(removeIfThere));
    this.#quota.release(this.#bytes);
    this.#bytes = 0;
  }

  async #writeContent(content: FileContent): Promise<string> {
    const root = await roomiest(this.#folders, content);
    try {
      return await this.#writeIn(root, content);
    } catch (cause) {
      if (!isFull(cause)) throw cause;
      await this.#spares?.drop();
      throw new NoRoomError(`the file system of "${root}" is full. Free some of it, or give another "scratchDir"`, { cause });
    }
  }

  async #writeIn(root: string, content: FileContent): Promise<string> {
    const { size, extension } = content;
    const path = join(this.#folderIn(root), `${crypto.randomUUID()}${extension}`);
    const spare = size === undefined ? undefined : await this.#spares?.takeTo(path, root, { size, signal: this.#signal });
    if (size !== undefined) this.#reserve(size);
    using file = spare?.open() ?? this.#make(path, root);
    await writeParts(file, withSourceErrors(content), (bytes) => this.#check(content, bytes));
    if (spare !== undefined) await file.truncate(size);
    if (size !== undefined) this.#written.push({ path, size });
    return path;
  }

  #make(path: string, root: string): Deno.FsFile {
    this.#paths.push(path);
    return makeFile(path, this.#sharedAt(root));
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
    const folder = this.#folderIn(this.#folders.disk);
    this.#signal.throwIfAborted();
    return await untilAborted(writtenBy(source, folder), this.#signal);
  }

  /** A stream that stands still must not keep an abandoned call from ending. */
  #abortable(source: object): object {
    return source instanceof ReadableStream ? source.pipeThrough(new TransformStream(), { signal: this.#signal }) : source;
  }

  /** Waits for the disk as long as that takes, as all do that make and open one file: the way to another thread and back would take many times as long. */
  #folderIn(root: string): string {
    const shared = this.#sharedAt(root);
    const made = this.#made.get(root) ?? makeFolder(shared);
    this.#made.set(root, made);
    demandNoLink(made, shared);
    return made;
  }

  #sharedAt(root: string): SharedFolder {
    return this.#shared.find(({ path }) => path === root)!;
  }
}

/** Removes files and their folders, if there is nothing else in them; returns whether that is so. Where a link leads elsewhere, nothing has such a name. */
function removeFew(paths: readonly string[], folders: readonly string[]): boolean {
  try {
    for (const path of [...paths, ...folders]) Deno.removeSync(path);
    return true;
  } catch {
    return false;
  }
}

/** All inputs are in one folder, which a plugin that may write results need not be allowed to write. */
function makeFolder(root: SharedFolder): string {
  const inputs = join(root.path, INPUTS_FOLDER);
  // Not an error that it is there, as it is for all calls but the first: to make one takes longer than all else here.
  Deno.mkdirSync(inputs, { mode: 0o700, recursive: true });
  demandNoLink(inputs, root);
  return Deno.makeTempDirSync({ dir: inputs, prefix: "in-" });
}

/** The same bytes; an error of their source is told from those of writing or sending them. */
export function withSourceErrors(content: FileContent): FileContent {
  return Symbol.asyncIterator in content.parts ? { ...content, parts: partsOf(content.parts) } : content;
}

async function* partsOf(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* parts;
  } catch (cause) {
    throw new SourceError(cause);
  }
}

/**
 * The path of the file that an object has written to a folder.
 *
 * @throws {SourceError} When it fails.
 * @throws {TypeError} When it gives no path.
 */
export async function writtenBy(source: FileBackedDTO, folder: string): Promise<string> {
  const path: unknown = await writeBy(source, folder);
  if (typeof path !== "string") throw new TypeError(`its "toTempFile" gave no path, but ${typeof path}`);
  return path;
}

async function writeBy(source: FileBackedDTO, folder: string): Promise<unknown> {
  try {
    return await source.toTempFile(folder);
  } catch (cause) {
    throw new SourceError(cause);
  }
}

/** Whether a value is the URL of a file. */
export function isFileUrl(value: object): value is URL {
  return value instanceof URL && value.protocol === "file:";
}
