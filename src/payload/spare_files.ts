/**
 * Files whose values nobody needs any more, kept to be written again: pages that are there take a fraction of the time of new ones.
 *
 * @module
 */
import { join } from "@std/path";
import { demandNoLink, FileGoneError, ForeignFileError, FoundFile, type SharedFolder, SPARE_PREFIX } from "./found_file.ts";
import { isThere } from "../protocol/is_there.ts";
import type { Quota } from "./scratch.ts";

/** Smaller files are not worth the question whether somebody still has them open. `scratch.py` of the Python worker has the same number. */
const SPARE_BYTES: number = 1024 * 1024;

/** The most bytes that wait to be written again. */
const MOST_BYTES = 256 * 1024 * 1024;

/** How long they wait, in milliseconds, before the memory is thought to be of more use to others. */
const DROP_AFTER_MS = 10_000;

/** Asks the worker whether anybody has a file open or mapped; only the kernel knows, and Deno has no way to ask it. */
export type UseTest = (path: string, signal: AbortSignal) => Promise<boolean>;

/** What spare files depend on. */
export interface SpareFilesOptions {
  readonly folders: readonly SharedFolder[];
  readonly quota: Quota;
  readonly isInUse: UseTest;
}

interface Spare {
  readonly file: FoundFile;
  /** Whether the host writes it again, or the worker, which takes it by itself. */
  readonly use: "in" | "out";
}

/** What a spare file is wanted for. */
export interface WantedFile {
  /** How many bytes will be written. */
  readonly size: number;
  /** Gives up the question. */
  readonly signal: AbortSignal;
}

/** The spare files of one worker. Whoever needs their room may remove them at any time. */
export class SpareFiles implements AsyncDisposable {
  readonly #options: SpareFilesOptions;
  #spares: Spare[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** Begins with none. */
  constructor(options: SpareFilesOptions) {
    this.#options = options;
  }

  /** Lays an input aside that its call does not need any more. One that the plugin has changed or given another name is left where it is. */
  async keepInput(path: string, size: number): Promise<void> {
    if (size < SPARE_BYTES) return; // It goes with its folder.
    try {
      await this.keep(new FoundFile(path, this.#options.folders, size), "in");
    } catch (error) {
      if (!(error instanceof FileGoneError || error instanceof ForeignFileError)) throw error;
    }
  }

  /** Lays a file aside, or removes it when there is no room for it. */
  async keep(file: FoundFile, use: Spare["use"]): Promise<void> {
    if (!this.#makeRoom(file.size)) return await file.remove();
    try {
      const moved = await file.moveTo(join(this.#folderFor(use, file.root), crypto.randomUUID()));
      this.#add({ file: moved, use });
    } catch (error) {
      if (!(error instanceof FileGoneError)) throw error;
    }
  }

  /**
   * Moves a file that nobody has open to a path in the same shared folder, to be written again there, if there is one.
   *
   * @throws {ForeignFileError} When it is not any more the one that was laid aside.
   */
  async takeTo(path: string, root: string, { size, signal }: WantedFile): Promise<FoundFile | undefined> {
    if (size < SPARE_BYTES) return undefined;
    for (let spare = this.#nearest(root, size); spare !== undefined; spare = this.#nearest(root, size)) {
      this.#forget(spare);
      const moved = await this.#moveUnlessInUse(spare.file, path, signal);
      if (moved !== undefined) return moved;
    }
    return undefined;
  }

  /** Removes all of them. */
  async drop(): Promise<void> {
    clearTimeout(this.#timer);
    const spares = [...this.#spares];
    spares.forEach((spare) => this.#forget(spare));
    // What is not to be removed goes with the worker's folder.
    await Promise.allSettled(spares.map(({ file }) => file.remove()));
  }

  /** Removes all of them, and keeps none from now on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.drop();
  }

  async #moveUnlessInUse(file: FoundFile, path: string, signal: AbortSignal): Promise<FoundFile | undefined> {
    try {
      if (!await this.#options.isInUse(file.path, signal)) return await file.moveTo(path);
      await file.remove(); // Whoever has it open keeps what he has.
    } catch (error) {
      if (error instanceof FileGoneError) return undefined; // Its worker needed the room.
      await file.remove().catch(() => {});
      throw error;
    }
    return undefined;
  }

  #add(spare: Spare): void {
    this.#spares.push(spare);
    this.#options.quota.count(spare.file.size);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.drop(), DROP_AFTER_MS);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  #forget(spare: Spare): void {
    this.#spares = this.#spares.filter((one) => one !== spare);
    this.#options.quota.release(spare.file.size);
  }

  #nearest(root: string, size: number): Spare | undefined {
    const distance = ({ file }: Spare) => Math.abs(file.size - size);
    return this.#spares
      .filter(({ file, use }) => use === "in" && file.root === root && file.size <= 2 * size)
      .sort((a, b) => distance(a) - distance(b))[0];
  }

  /** The oldest give way to a new one. Those that the worker has taken are its results by now. */
  #makeRoom(size: number): boolean {
    if (this.#isClosed || size < SPARE_BYTES || size > MOST_BYTES) return false;
    for (const spare of this.#spares.filter(({ file, use }) => use === "out" && !isThere(file.path))) this.#forget(spare);
    let bytes = this.#spares.reduce((sum, { file }) => sum + file.size, size);
    for (let oldest = this.#spares[0]; bytes > MOST_BYTES && oldest !== undefined; oldest = this.#spares[0]) {
      this.#forget(oldest);
      bytes -= oldest.file.size;
      void oldest.file.remove().catch(() => {});
    }
    return true;
  }

  #folderFor(use: Spare["use"], root: string): string {
    const folder = join(root, SPARE_PREFIX + use);
    try {
      Deno.mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
    demandNoLink(folder, this.#options.folders.find(({ path }) => path === root)!);
    return folder;
  }
}
