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
  readonly #root: string;
  readonly #memoryRoot: string | undefined;
  #scratch: Promise<ScratchFolders> | undefined;
  #memory: PrivateFolder | undefined;

  /** Makes a folder inside `root`, with mode 0700. */
  constructor(root: string, memoryRoot?: string) {
    this.#base = PrivateFolder.create(root);
    this.#root = root;
    this.#memoryRoot = memoryRoot;
  }

  /**
   * Makes what else belongs to it, which is time enough for while its worker starts already: where host and worker keep the files that they hand to
   * each other, in this folder and, if there can be one, in one inside `memoryRoot`. What programs that were killed have left in either root is removed.
   */
  makeScratch(): Promise<ScratchFolders> {
    return this.#scratch ??= this.#makeScratch();
  }

  async #makeScratch(): Promise<ScratchFolders> {
    const [root, memoryRoot] = [this.#root, this.#memoryRoot];
    const disk = this.#base.file("scratch");
    await Promise.all([Deno.mkdir(disk, { mode: 0o700 }), sweepFolders(root, this.path)]);
    if (memoryRoot !== undefined) this.#memory = createIfPossible(memoryRoot);
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

  /**
   * Writes a file into the folder, and returns its path. A start waits for this: the way to the runtime's pool of threads and back would take many times as
   * long as the system needs.
   */
  write(name: string, text: string): string {
    const path = this.file(name);
    Deno.writeTextFileSync(path, text);
    return path;
  }

  /** Removes the folders and all in them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scratch?.catch(() => {});
    await this.#memory?.[Symbol.asyncDispose]();
    await this.#base[Symbol.asyncDispose]();
  }
}

/** A system need not have the folder, and it need not be writable. */
function createIfPossible(root: string): PrivateFolder | undefined {
  try {
    return PrivateFolder.create(root);
  } catch {
    return undefined;
  }
}
