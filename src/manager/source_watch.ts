/**
 * The code of all plugins that have workers.
 *
 * @module
 */
import type { Entry } from "./entry.ts";
import type { FolderWatch } from "./folder_watch.ts";
import type { StartedPool } from "./launcher.ts";
import type { ManagerOptions } from "./options.ts";
import { type SourcesOwner, WatchedSources } from "./watched_sources.ts";

/** Who is told of reloads. */
interface SourceWatchOptions extends Pick<SourcesOwner, "emit">, Pick<ManagerOptions, "onLog"> {}

/** Replaces the workers of plugins whose code is edited. */
export class SourceWatch implements Disposable {
  readonly #folders: FolderWatch;
  readonly #owner: SourcesOwner;
  readonly #watched = new Map<Entry, WatchedSources>();
  readonly #ending = new AbortController();

  /** Watches nothing before the first worker is there. */
  constructor(folders: FolderWatch, { emit, onLog }: SourceWatchOptions) {
    this.#folders = folders;
    this.#owner = {
      emit,
      log: ({ spec: { name } }, level, text) => onLog?.({ time: new Date(), stream: "host", level, text }, name),
      onFiles: () => void folders.renew(),
      signal: this.#ending.signal,
    };
  }

  /** Workers of a plugin were started. */
  begin(entry: Entry, started: StartedPool): void {
    const known = this.#watched.get(entry);
    const watched = known ?? new WatchedSources(entry, this.#owner);
    this.#watched.set(entry, watched);
    watched.begin(started);
    if (known === undefined) void this.#folders.add(watched);
  }

  /** A plugin is gone. */
  forget(entry: Entry): void {
    const watched = this.#watched.get(entry);
    if (watched !== undefined) this.#folders.remove(watched);
    this.#watched.delete(entry);
  }

  /** Replaces nothing any more. */
  [Symbol.dispose](): void {
    this.#ending.abort();
  }
}
