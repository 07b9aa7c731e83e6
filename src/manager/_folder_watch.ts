/**
 * Tells when something in folders has changed.
 *
 * @module
 */
import { dirname } from "@std/path";

/** A change comes as several events, and a file is written in several steps: they are taken together when none has come for so long. */
const QUIET_MS = 100;

/** What a watch tells. */
export interface FolderWatchHooks {
  /** Something has changed. */
  readonly onChange: () => void;
  /** A folder cannot be watched, for example because the system watches as much as it may. */
  readonly onFailure: (folder: string, error: unknown) => void;
}

/** Watches folders until it is disposed, also those that come, or come again, only later. */
export class FolderWatch implements Disposable {
  readonly #watchers = new Set<Deno.FsWatcher>();
  readonly #hooks: FolderWatchHooks;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** Begins at once. */
  constructor(folders: readonly string[], hooks: FolderWatchHooks) {
    this.#hooks = hooks;
    for (const folder of folders) void this.#follow(folder).catch((error) => hooks.onFailure(folder, error));
  }

  /** Stops watching. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers.clear();
  }

  async #follow(folder: string): Promise<void> {
    while (!this.#isClosed) {
      const nearest = nearestFolder(folder);
      if (nearest === undefined) return;
      const watcher = watchIfThere(nearest, nearest === folder);
      if (watcher === undefined) continue;
      this.#watchers.add(watcher);
      // Another one may have come, or this one gone, before the watcher was there.
      if (nearestFolder(folder) === nearest) await this.#whileNearest(watcher, folder, nearest);
      if (this.#watchers.delete(watcher)) watcher.close();
      this.#tellSoon();
    }
  }

  /** Follows the events of the nearest folder for as long as it is the nearest. */
  async #whileNearest(watcher: Deno.FsWatcher, folder: string, nearest: string): Promise<void> {
    const events = watcher[Symbol.asyncIterator]();
    // Not a loop over the events, whose end would close the watcher.
    for (let next = await events.next(); !next.done; next = await events.next()) {
      const { kind, paths } = next.value;
      if (nearestFolder(folder) !== nearest) return;
      if (nearest === folder && kind !== "access" && paths.some((path) => path.endsWith(".json"))) this.#tellSoon();
    }
  }

  #tellSoon(): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(this.#hooks.onChange, QUIET_MS);
  }
}

/** `undefined` when the folder has gone in this moment. */
function watchIfThere(folder: string, recursive: boolean): Deno.FsWatcher | undefined {
  try {
    return Deno.watchFs(folder, { recursive });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** A folder, or the nearest above it when it is not there; `undefined` where the host may not look. */
function nearestFolder(folder: string): string | undefined {
  if (Deno.permissions.querySync({ name: "read", path: folder }).state !== "granted") return undefined;
  if (isFolder(folder)) return folder;
  return dirname(folder) === folder ? undefined : nearestFolder(dirname(folder));
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
