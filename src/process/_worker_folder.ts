/**
 * The private folder of one worker.
 *
 * @module
 */
import { join } from "@std/path";

/** A folder that only its owner can enter, for a worker's socket, its program and its files. */
export class WorkerFolder implements AsyncDisposable {
  /** The folder's path. */
  readonly path: string;
  /** Where the worker keeps files. */
  readonly scratch: string;

  private constructor(path: string) {
    this.path = path;
    this.scratch = join(path, "scratch");
  }

  /** Makes a folder inside `root`, with mode 0700. */
  static async create(root: string): Promise<WorkerFolder> {
    const folder = new WorkerFolder(await Deno.makeTempDir({ dir: root, prefix: "remote-plugin-" }));
    await Deno.mkdir(folder.scratch, { mode: 0o700 });
    return folder;
  }

  /** The path of a file in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Removes the folder and all in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await removeIfThere(this.path);
  }
}

/** Removes a file or a whole folder, if there is one. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
