/**
 * Folders that belong to one running program and are removed when it has gone, however it went.
 *
 * @module
 */
import { join } from "@std/path";
import { OWNER_FILE, OWNER_LINE } from "../protocol/private_folder.ts";

/** How the names of all private folders begin. */
const PREFIX = "remote-plugin-";

/** How many random bytes a name ends with. */
const RANDOM_BYTES = 8;

/** A whole name, which nobody types. */
const NAME = /^remote-plugin-[0-9a-f]{16}$/;

/** A folder that does not yet say what it is may be one that is being made at this moment: it is left alone for this long, in milliseconds. */
const MAKING_MS = 60_000;

/** How many folders' owners a start looks for: of a thousand workers' not each looks at all. Where there are more, chance chooses. */
const MAX_SWEPT = 64;

/** A folder that only its owner can enter. */
export class PrivateFolder implements AsyncDisposable {
  /** The folder's path. */
  readonly path: string;
  /**
   * Locked for as long as this program lives. The kernel lets go of the lock when the owner has died, whatever killed it, so that there is no
   * process id in the file which another process could have by now.
   */
  readonly #ownerFile: Deno.FsFile;
  #removed: Promise<void> | undefined;

  private constructor(path: string, ownerFile: Deno.FsFile) {
    this.path = path;
    this.#ownerFile = ownerFile;
  }

  /** Makes a folder inside `root`, with mode 0700, that no sweep takes while this program lives. */
  static create(root: string): PrivateFolder {
    const path = join(root, PREFIX + crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)).toHex());
    // A start waits for it: the way to the runtime's pool of threads and back takes many times as long as the system needs.
    Deno.mkdirSync(path, { mode: 0o700 });
    try {
      return new PrivateFolder(path, makeOwnerFile(path));
    } catch (error) {
      removeUnfinished(path);
      throw error;
    }
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
    try {
      await removeAll(this.path);
    } finally {
      this.#ownerFile.close();
    }
  }
}

/** The folder says what it is before anything else is in it, and the file is locked before it says so: nobody finds both while its owner lives. */
function makeOwnerFile(folder: string): Deno.FsFile {
  const file = Deno.openSync(join(folder, OWNER_FILE), { createNew: true, read: true, write: true, mode: 0o600 });
  try {
    file.lockSync(true);
    const line = new TextEncoder().encode(OWNER_LINE);
    for (let written = 0; written < line.length;) written += file.writeSync(line.subarray(written));
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Removes the private folders in `root` whose owners have gone. What does not say in itself that it is one is left alone, as are folders of other
 * users and links; what cannot be removed now will be found by the next sweep.
 *
 * @param own A folder of this program's, which tells whose folders are to be looked at.
 */
export async function sweepFolders(root: string, own: string, options: SweepOptions = {}): Promise<void> {
  for await (const folder of leftFolders(root, own, options)) await folder[Symbol.asyncDispose]().catch(() => {});
}

/** How far a sweep goes. */
export interface SweepOptions {
  /** How many folders' owners are looked for. Default: 64. */
  readonly limit?: number;
}

/** The paths of all private folders in `root` whose owners have gone. */
export async function findLeftFolders(root: string, own: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const folder of leftFolders(root, own, { limit: Infinity })) {
    paths.push(folder.path);
    folder.release();
  }
  return paths;
}

/** Only folders that say what they are count, so that no other one takes the place of theirs. */
async function* leftFolders(root: string, own: string, { limit = MAX_SWEPT }: SweepOptions): AsyncGenerator<LeftFolder, void, void> {
  const { uid } = await Deno.lstat(own);
  const entries = await Array.fromAsync(Deno.readDir(root));
  const paths = entries.filter(({ name, isDirectory }) => isDirectory && NAME.test(name)).map(({ name }) => join(root, name));
  const first = Math.floor(Math.random() * paths.length);
  let looked = 0;
  for (const path of [...paths.slice(first), ...paths.slice(0, first)]) {
    const line = attempt(() => isPrivate(path, uid) ? ownerLine(path, uid) : undefined);
    if (line === OWNER_LINE && ++looked > limit) return;
    const left = line === undefined ? undefined : attempt(() => takeIfLeft(path, line));
    if (left !== undefined) yield left;
  }
}

/** A folder whose owner has gone. As long as this is held nobody else takes it. */
class LeftFolder implements AsyncDisposable {
  readonly path: string;
  readonly #remove: (path: string) => void | Promise<void>;
  readonly #lock: Deno.FsFile | undefined;

  constructor(path: string, remove: (path: string) => void | Promise<void>, lock: Deno.FsFile | undefined) {
    this.path = path;
    this.#remove = remove;
    this.#lock = lock;
  }

  /** Leaves the folder where it is. */
  release(): void {
    this.#lock?.close();
  }

  /** Removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#remove(this.path);
    } finally {
      this.release();
    }
  }
}

function isPrivate(path: string, uid: number | null): boolean {
  const folder = Deno.lstatSync(path);
  return folder.isDirectory && folder.uid === uid && (folder.mode === null || (folder.mode & 0o777) === 0o700);
}

/** What a folder says of itself: the line, or as much of it as was written when its making was cut short; `undefined` when it is another's. */
function ownerLine(folder: string, uid: number | null): string | undefined {
  const path = join(folder, OWNER_FILE);
  const found = lstatIfThere(path);
  if (found === undefined) return "";
  // What is no plain file was not put there by an owner, and opening it might hang or lead elsewhere.
  if (!found.isFile || found.uid !== uid || found.nlink !== 1 || found.size > OWNER_LINE.length) return undefined;
  const text = Deno.readTextFileSync(path);
  return OWNER_LINE.startsWith(text) ? text : undefined;
}

function takeIfLeft(path: string, line: string): LeftFolder | undefined {
  const isFinished = line === OWNER_LINE;
  if (!isFinished && !isUnfinished(path)) return undefined;
  if (lstatIfThere(join(path, OWNER_FILE)) === undefined) return new LeftFolder(path, removeUnfinished, undefined);
  const lock = Deno.openSync(join(path, OWNER_FILE), { read: true, write: true });
  if (attempt(() => lock.tryLockSync(true))) return new LeftFolder(path, isFinished ? removeAll : removeUnfinished, lock);
  lock.close();
  return undefined;
}

/** A folder whose making, or whose removal, was cut short some time ago has nothing in it but what its owner's file had become. */
function isUnfinished(path: string): boolean {
  const { mtime } = Deno.lstatSync(path);
  if (mtime === null || Date.now() - mtime.getTime() <= MAKING_MS) return false;
  return [...Deno.readDirSync(path)].every(({ name }) => name === OWNER_FILE);
}

/** Nothing goes with it that somebody has put into it meanwhile. */
function removeUnfinished(path: string): void {
  for (const one of [join(path, OWNER_FILE), path]) attempt(() => Deno.removeSync(one));
}

/** Removes a private folder. What says that it is one goes last, so that a removal that is cut short can be gone on with. */
async function removeAll(path: string): Promise<void> {
  try {
    for (const { name } of Deno.readDirSync(path)) if (name !== OWNER_FILE) await removeIfThere(join(path, name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return; // Its worker has removed it.
    throw error;
  }
  await removeIfThere(join(path, OWNER_FILE));
  await removeIfThere(path);
}

function lstatIfThere(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
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

/** Others make and remove folders at the same time, so that whatever is looked at may be gone. */
function attempt<Found>(look: () => Found): Found | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
