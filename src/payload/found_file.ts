/**
 * A file that a worker has named, which is not to be believed: the worker may have named another one than its own, and may put another one
 * into its place at any time.
 *
 * @module
 */
import { basename, dirname, isAbsolute, join, relative, resolve } from "@std/path";
import { FEW_BYTES, MOST_BYTES_AT_ONCE } from "../protocol/file_values.ts";
import type { FileMapping, MemoryMaps } from "./file_mapping.ts";

/** The worker has named a file that is none of those that it may name, or there is another one in its place by now. */
export class ForeignFileError extends Error {
  override name = "ForeignFileError";
}

/** The file is not there any more. */
export class FileGoneError extends Error {
  override name = "FileGoneError";
}

/** What makes a file the same one. Its number alone does not: the file system gives that to another one when it is free. */
export type Identity = Pick<Deno.FileInfo, "dev" | "ino" | "size" | "nlink" | "isFile" | "mtime">;

/** A folder in which a worker may put files. */
export interface SharedFolder {
  readonly path: string;
  /** The same without links on the way. */
  readonly real: string;
}

/** A shared folder, as it is before the worker can change anything in it. */
export function sharedFolder(path: string): SharedFolder {
  return { path, real: Deno.realPathSync(path) };
}

/**
 * Makes sure that a folder or file which this host has made in a shared folder is still what its path leads to.
 *
 * @throws {ForeignFileError} When a link has taken its place.
 */
export function demandNoLink(folder: string, { path, real }: SharedFolder): void {
  if (Deno.realPathSync(folder) === join(real, relative(path, folder))) return;
  throw new ForeignFileError(`a link stands in the place of "${folder}"`);
}

/**
 * Makes a file in a folder that this host has made in a shared one, and opens it. Whatever takes its place later, what was opened is the file that was made.
 *
 * @throws {ForeignFileError} When a link leads there.
 */
export function makeFile(path: string, folder: SharedFolder): Deno.FsFile {
  const file = Deno.openSync(path, { createNew: true, read: true, write: true, mode: 0o600 });
  try {
    demandNoLink(path, folder);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** How the names of the folders begin in which files wait to be written again. They stay when they are empty. */
export const SPARE_PREFIX = "spare-";

/** How much is read at a time, in bytes. */
const PIECE_BYTES = 1024 * 1024;

/** From this size on a file is read from both ends of its middle at once: what takes the time is the memory that it is read into, page by page. */
const SHARED_READ_BYTES = 8 * 1024 * 1024;

/** What is known of a file, as data. */
export interface FileFacts {
  readonly path: string;
  readonly size: number;
  readonly folders: readonly SharedFolder[];
  readonly identity: Identity;
}

/** A plain file in one of the worker's folders. */
export class FoundFile {
  /** The file's path, as the worker has named it. */
  readonly path: string;
  /** How many bytes it has. */
  readonly size: number;
  readonly #folders: readonly SharedFolder[];
  readonly #folder: SharedFolder;
  readonly #identity: Identity;

  /**
   * Looks at a file.
   *
   * @param folders The folders in which the worker may put files.
   * @throws {ForeignFileError} When it is none that the worker may name.
   */
  constructor(path: string, folders: readonly SharedFolder[], size: number) {
    const folder = folders.find((one) => isInside(one.path, path));
    if (folder === undefined || path !== resolve(path)) throw new ForeignFileError(`the file "${path}" is not in the worker's own folder`);
    this.path = path;
    this.size = size;
    this.#folders = folders;
    this.#folder = folder;
    this.#identity = this.#look();
    if (this.#identity.size !== size) throw new ForeignFileError(`the file "${path}" has ${this.#identity.size} bytes, not ${size}`);
  }

  /**
   * Looks at a file again, maybe in another thread.
   *
   * @throws {ForeignFileError} When it is not any more the one that was looked at.
   */
  static of({ path, folders, size, identity }: FileFacts): FoundFile {
    const found = new FoundFile(path, folders, size);
    found.#check(identity);
    return found;
  }

  /** What is known of it. */
  get facts(): FileFacts {
    const { dev, ino, size, nlink, isFile, mtime } = this.#identity;
    return { path: this.path, size: this.size, folders: this.#folders, identity: { dev, ino, size, nlink, isFile, mtime } };
  }

  /** The shared folder in which it is. */
  get root(): string {
    return this.#folder.path;
  }

  /**
   * All of the file.
   *
   * @param into Where to; it has room for all of it.
   */
  async read(into: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = into.subarray(0, this.size);
    if (this.size < SHARED_READ_BYTES) {
      using file = this.open();
      await this.#fill(bytes, file);
      return bytes;
    }
    const middle = Math.floor(this.size / 2); // A shift would take it for a number of 32 bits.
    using first = this.open();
    using second = this.open();
    await second.seek(middle, Deno.SeekMode.Start);
    const halves = await Promise.allSettled([this.#fill(bytes.subarray(0, middle), first), this.#fill(bytes.subarray(middle), second)]);
    for (const half of halves) if (half.status === "rejected") throw half.reason;
    return bytes;
  }

  /** The file piece by piece. */
  async *pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    using file = this.open();
    for (let left = this.size; left > 0;) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, left));
      const count = await file.read(piece);
      if (count === null) throw this.#cutError();
      left -= count;
      yield piece.subarray(0, count);
    }
  }

  /** The file's pages, as they lie in the system's memory. */
  async map(maps: MemoryMaps): Promise<FileMapping> {
    this.#check(this.#look());
    // Only its descriptors are numbers, which is what the system maps.
    const { closeSync, constants, fstatSync, openSync } = await import("node:fs");
    const descriptor = openSync(this.path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const facts = fstatSync(descriptor);
      const { dev, ino, nlink, size, mtime } = facts;
      this.#check({ dev, ino, nlink, size, mtime, isFile: facts.isFile() });
      return maps.map(descriptor, this.size);
    } finally {
      closeSync(descriptor);
    }
  }

  /** Gives the file another path in the same folder, in the place of what may be there. */
  async moveTo(path: string): Promise<FoundFile> {
    this.#check(this.#look());
    await Deno.rename(this.path, path).catch(rethrowGone(this.path));
    await this.#removeEmptyParent();
    return new FoundFile(path, this.#folders, this.size);
  }

  /** Removes the file, and the folder that its worker has made for it when that is empty. */
  async remove(): Promise<void> {
    try {
      this.#check(this.#look());
    } catch (error) {
      if (error instanceof FileGoneError) return;
      throw error;
    }
    await Deno.remove(this.path).catch(ignoreNotFound);
    await this.#removeEmptyParent();
  }

  async #removeEmptyParent(): Promise<void> {
    const parent = dirname(this.path);
    if (parent === this.#folder.path || basename(parent).startsWith(SPARE_PREFIX)) return;
    await Deno.remove(parent).catch(() => {}); // It holds more, or its worker was faster.
  }

  /**
   * Opens it for reading and writing: first it is opened, then what was opened is looked at. A FIFO would make one who only reads wait for a
   * writer. The way to another thread and back would take many times as long.
   */
  open(): Deno.FsFile {
    this.#check(this.#look());
    const file = this.#opened();
    try {
      this.#check(file.statSync());
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  #opened(): Deno.FsFile {
    try {
      return Deno.openSync(this.path, { read: true, write: true });
    } catch (cause) {
      throw gone(this.path, cause);
    }
  }

  async #fill(bytes: Uint8Array, file: Deno.FsFile): Promise<void> {
    for (let filled = 0; filled < bytes.length;) {
      const rest = bytes.subarray(filled, filled + MOST_BYTES_AT_ONCE);
      const count = rest.length <= FEW_BYTES ? file.readSync(rest) : await file.read(rest);
      if (count === null) throw this.#cutError();
      filled += count;
    }
  }

  #cutError(): ForeignFileError {
    return new ForeignFileError(`the file "${this.path}" was cut while it was read`);
  }

  /** The file at the path, which must be a plain one without other names, on a way without links. */
  #look(): Identity {
    const info = this.#lstat();
    if (!info.isFile) throw new ForeignFileError(`the file "${this.path}" is no plain file`);
    if ((info.nlink ?? 1) !== 1) {
      throw new ForeignFileError(`the file "${this.path}" has ${info.nlink} names, and may have others elsewhere`);
    }
    const real = join(this.#folder.real, relative(this.#folder.path, this.path));
    if (this.#realPath() !== real) throw new ForeignFileError(`a link leads to the file "${this.path}"`);
    return info;
  }

  #realPath(): string {
    try {
      return Deno.realPathSync(this.path);
    } catch (cause) {
      throw gone(this.path, cause);
    }
  }

  #lstat(): Deno.FileInfo {
    try {
      return Deno.lstatSync(this.path);
    } catch (cause) {
      throw gone(this.path, cause);
    }
  }

  #check(found: Identity): void {
    // It was removed between being found and being opened, by the end of its worker.
    if (found.nlink === 0) throw new FileGoneError(`the file "${this.path}" is not there`);
    const { dev, ino, size, mtime } = this.#identity;
    const isSame = found.isFile && found.dev === dev && found.ino === ino && found.nlink === this.#identity.nlink && found.size === size &&
      found.mtime?.getTime() === mtime?.getTime();
    if (!isSame) throw new ForeignFileError(`the file "${this.path}" is not the one that the worker has given`);
  }
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return isAbsolute(path) && way !== "" && !way.startsWith("..") && !isAbsolute(way) && join(folder, way) === path;
}

function gone(path: string, cause: unknown): unknown {
  return cause instanceof Deno.errors.NotFound ? new FileGoneError(`the file "${path}" is not there`, { cause }) : cause;
}

function rethrowGone(path: string): (cause: unknown) => never {
  return (cause) => {
    throw gone(path, cause);
  };
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
