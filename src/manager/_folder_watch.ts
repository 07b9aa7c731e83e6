/**
 * Tells when something in folders has changed.
 *
 * @module
 */

/** A change comes as several events, and a file is written in several steps: they are taken together when none has come for so long. */
const QUIET_MS = 100;

/** Watches folders until it is disposed. */
export class FolderWatch implements Disposable {
  readonly #watcher: Deno.FsWatcher | undefined;
  readonly #onChange: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Watches those of the folders that are there. */
  constructor(folders: readonly string[], onChange: () => void) {
    this.#onChange = onChange;
    const there = folders.filter(isFolder);
    if (there.length === 0) return;
    this.#watcher = Deno.watchFs(there, { recursive: true });
    void this.#follow(this.#watcher);
  }

  /** Stops watching. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  async #follow(watcher: Deno.FsWatcher): Promise<void> {
    for await (const { kind, paths } of watcher) {
      if (kind === "access" || !paths.some((path) => path.endsWith(".json"))) continue;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#onChange(), QUIET_MS);
    }
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
