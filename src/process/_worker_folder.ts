/**
 * The private folders of one worker.
 *
 * @module
 */
import { join } from "@std/path";
import type { ScratchFolders } from "../payload/worker_files.ts";
import { PrivateFolder, sweepFolders } from "../payload/private_folder.ts";

/** Folders that only their owner can enter, for a worker's socket, its program and its files. */
export class WorkerFolder implements AsyncDisposable {
  /** Where host and worker keep the files that they hand to each other. */
  readonly scratch: ScratchFolders;
  readonly #base: PrivateFolder;
  readonly #memory: PrivateFolder | undefined;

  private constructor(base: PrivateFolder, memory: PrivateFolder | undefined) {
    this.#base = base;
    this.#memory = memory;
    this.scratch = { disk: base.file("scratch"), memory: memory?.path };
  }

  /**
   * Makes a folder inside `root`, with mode 0700, and if it can be one inside `memoryRoot`. What programs that were killed have left in either is
   * removed.
   */
  static async create(root: string, memoryRoot?: string): Promise<WorkerFolder> {
    const base = await PrivateFolder.create(root);
    const memory = memoryRoot === undefined ? undefined : await createIfPossible(memoryRoot);
    const folder = new WorkerFolder(base, memory);
    try {
      await Deno.mkdir(folder.scratch.disk, { mode: 0o700 });
      await Promise.all([sweepFolders(root, base.path), memory === undefined ? undefined : sweepFolders(memoryRoot!, memory.path)]);
      return folder;
    } catch (error) {
      await folder[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The folder's path. */
  get path(): string {
    return this.#base.path;
  }

  /** The path of a file in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Removes the folders and all in them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#memory?.[Symbol.asyncDispose]();
    await this.#base[Symbol.asyncDispose]();
  }
}

/** A system need not have the folder, and it need not be writable. */
async function createIfPossible(root: string): Promise<PrivateFolder | undefined> {
  try {
    return await PrivateFolder.create(root);
  } catch {
    return undefined;
  }
}
