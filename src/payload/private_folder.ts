/**
 * Folders that belong to one running program and are removed when it has gone, however it went.
 *
 * @module
 */
import { join } from "@std/path";

/** How the names of all private folders begin. */
const PREFIX = "remote-plugin-";

/**
 * The file that its owner keeps locked. The kernel lets go of the lock when the owner has died, whatever killed it, so that there is no
 * process id in it which another process could have by now.
 */
const LOCK_NAME = "owner.lock";

/** A folder without a lock file may be one that is being made at this moment: it is left alone for this long, in milliseconds. */
const MAKING_MS = 60_000;

/** How many folders one sweep looks at: of a thousand workers' not each start looks at all. Where there are more, chance chooses. */
const MAX_SWEPT = 64;

/** A folder that only its owner can enter. */
export class PrivateFolder implements AsyncDisposable {
  /** The folder's path. */
  readonly path: string;
  readonly #lock: Promise<Deno.FsFile>;
  #removed: Promise<void> | undefined;

  private constructor(path: string) {
    this.path = path;
    this.#lock = lockFolder(path);
    this.#lock.catch(() => {}); // It is told to whoever waits for the lock.
  }

  /** Makes a folder inside `root`, with mode 0700, and begins to lock it for as long as this program lives. */
  static create(root: string): PrivateFolder {
    // A start waits for it: the way to the runtime's pool of threads and back takes many times as long as the system needs.
    return new PrivateFolder(Deno.makeTempDirSync({ dir: root, prefix: PREFIX }));
  }

  /** Waits until no sweep can take the folder for one that was left. */
  async locked(): Promise<void> {
    await this.#lock;
  }

  /** The path of a file in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Removes the folder and all in it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#removed ??= this.#remove();
  }

  async #remove(): Promise<void> {
    const lock = await this.#lock.catch(() => undefined);
    try {
      await removeIfThere(this.path);
    } finally {
      lock?.close();
    }
  }
}

/** The lock file appears under its name when it is locked already: nobody can find it unlocked while its owner lives. */
async function lockFolder(path: string): Promise<Deno.FsFile> {
  const unnamed = join(path, `${LOCK_NAME}.new`);
  const file = await Deno.open(unnamed, { createNew: true, read: true, write: true, mode: 0o600 });
  try {
    await file.lock(true);
    await Deno.rename(unnamed, join(path, LOCK_NAME));
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Removes the private folders in `root` whose owners have gone. Folders of other users, links, and all that is not surely without an owner
 * are left alone; what cannot be removed now will be found by the next sweep.
 *
 * @param own A folder of this program's, which tells whose folders are to be looked at.
 */
export async function sweepFolders(root: string, own: string): Promise<void> {
  const { uid } = await Deno.lstat(own);
  const names = [];
  for await (const { name, isDirectory } of Deno.readDir(root)) {
    if (isDirectory && name.startsWith(PREFIX)) names.push(name);
  }
  const first = Math.floor(Math.random() * names.length);
  const chosen = [...names.slice(first), ...names.slice(0, first)].slice(0, MAX_SWEPT);
  for (const name of chosen) await removeIfOwnerless(join(root, name), uid).catch(() => {});
}

async function removeIfOwnerless(path: string, uid: number | null): Promise<void> {
  const folder = await Deno.lstat(path);
  if (!folder.isDirectory || folder.uid !== uid) return;
  const lockPath = join(path, LOCK_NAME);
  const found = await lstatIfThere(lockPath);
  if (found === undefined) {
    if (Date.now() - (folder.mtime?.getTime() ?? Date.now()) > MAKING_MS) await removeIfThere(path);
    return;
  }
  // What is no plain file was not put there by an owner, and opening it might hang or lead elsewhere.
  if (!found.isFile || found.uid !== uid || found.nlink !== 1) return;
  using lock = await Deno.open(lockPath, { read: true, write: true });
  if (await lock.tryLock(true)) await removeIfThere(path);
}

async function lstatIfThere(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Removes a file or a whole folder, if there is one. Links in it are removed, not followed. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
