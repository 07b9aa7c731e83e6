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
  readonly #base: PrivateFolder;
  readonly #scratch: Promise<ScratchFolders>;
  #memory: PrivateFolder | undefined;

  private constructor(base: PrivateFolder, { root, memoryRoot }: Roots) {
    this.#base = base;
    this.#scratch = this.#furnish({ root, memoryRoot });
    this.#scratch.catch(() => {}); // It is told to whoever waits for it.
  }

  /**
   * Makes a folder inside `root`, with mode 0700. What else belongs to it, {@linkcode scratch}, is made while its worker starts already, and takes
   * none of that time.
   */
  static async create(root: string, memoryRoot?: string): Promise<WorkerFolder> {
    return new WorkerFolder(await PrivateFolder.create(root), { root, memoryRoot });
  }

  /** Where host and worker keep the files that they hand to each other: in this folder and, if there can be one, in one inside `memoryRoot`. */
  get scratch(): Promise<ScratchFolders> {
    return this.#scratch;
  }

  /** What programs that were killed have left in either root is removed as well. */
  async #furnish({ root, memoryRoot }: Roots): Promise<ScratchFolders> {
    const disk = this.#base.file("scratch");
    await Promise.all([Deno.mkdir(disk, { mode: 0o700 }), this.#base.locked(), sweepFolders(root, this.path)]);
    if (memoryRoot !== undefined) this.#memory = await createIfPossible(memoryRoot);
    if (this.#memory !== undefined) await sweepFolders(memoryRoot!, this.#memory.path);
    return { disk, memory: this.#memory?.path };
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
    await this.#scratch.catch(() => {});
    await this.#memory?.[Symbol.asyncDispose]();
    await this.#base[Symbol.asyncDispose]();
  }
}

/** Where the folders are made. */
interface Roots {
  readonly root: string;
  readonly memoryRoot: string | undefined;
}

/** A system need not have the folder, and it need not be writable. */
async function createIfPossible(root: string): Promise<PrivateFolder | undefined> {
  await using cleanup = new AsyncDisposableStack();
  try {
    const folder = cleanup.use(await PrivateFolder.create(root));
    await folder.locked();
    cleanup.move();
    return folder;
  } catch {
    return undefined;
  }
}
