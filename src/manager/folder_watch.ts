/**
 * Tells when other manifests may be found in folders than before.
 *
 * @module
 */
import { WatchPlan } from "./watch_plan.ts";

/** A change comes as several events, and a file is written in several steps: they are taken together when none has come for so long. */
const QUIET_MS = 100;
/** When they do not cease to come, it is told after so long. */
const MAX_DELAY_MS = 1_000;

/** What a watch tells. */
export interface FolderWatchHooks {
  /** Something has changed. */
  readonly onChange: () => void;
  /** The folders cannot be watched, for example because the system watches as much as it may. */
  readonly onFailure: (error: unknown) => void;
}

/** Watches folders until it is disposed, also those that come, or come again, only later. */
export class FolderWatch implements Disposable {
  readonly #folders: readonly string[];
  readonly #hooks: FolderWatchHooks;
  #watcher: Deno.FsWatcher | undefined;
  #reading: Promise<void> = Promise.resolve();
  #plan: WatchPlan | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #changedAt: number | undefined;
  #renewing: Promise<void> = Promise.resolve();
  #isClosed = false;
  #failure: unknown;

  private constructor(folders: readonly string[], hooks: FolderWatchHooks) {
    this.#folders = folders;
    this.#hooks = hooks;
  }

  /** Begins to watch. From when this resolves no change stays unseen. */
  static async create(folders: readonly string[], hooks: FolderWatchHooks): Promise<FolderWatch> {
    const watch = new FolderWatch(folders, hooks);
    await watch.#renew();
    return watch;
  }

  /** Why the folders are not watched as they are now; `undefined` when they are. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Stops watching. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  /** Watches what is there now. A folder that has taken another's place has to be watched anew, though its path is the same. */
  async #renew(): Promise<void> {
    try {
      for (let plan = await WatchPlan.of(this.#folders); !this.#isClosed;) {
        await this.#take(plan);
        const after = await WatchPlan.of(this.#folders);
        // What had come before it was watched is in the next plan.
        if (after.equals(plan)) break;
        plan = after;
      }
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
      if (!this.#isClosed) this.#hooks.onFailure(error);
    }
  }

  /**
   * Closes the old watcher first: all watchers of a program share what they watch, by paths, and a new one beside the old one would go on with the folder
   * that has been moved away. Nothing is missed meanwhile, for the folders are looked at when they have been watched.
   */
  async #take(plan: WatchPlan): Promise<void> {
    this.#watcher?.close();
    await this.#reading; // Deno lets go of the paths only when nobody reads the watcher any more.
    if (this.#isClosed) return;
    try {
      this.#watch(plan);
    } catch (error) {
      if (this.#plan !== undefined) this.#watch(this.#plan);
      throw error;
    }
  }

  #watch(plan: WatchPlan): void {
    this.#watcher = watchIfThere(plan.folders);
    this.#plan = plan;
    if (this.#watcher !== undefined) this.#reading = this.#read(this.#watcher);
  }

  async #read(watcher: Deno.FsWatcher): Promise<void> {
    for await (const { kind, paths } of watcher) {
      // The system tells by an event without paths that it has lost some.
      if (kind !== "access" && (paths.length === 0 || paths.some((path) => this.#plan?.concerns(path)))) this.#tellSoon();
    }
  }

  #tellSoon(): void {
    if (this.#isClosed) return;
    const now = performance.now();
    this.#changedAt ??= now;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), Math.min(QUIET_MS, Math.max(0, this.#changedAt + MAX_DELAY_MS - now)));
  }

  #tell(): void {
    this.#changedAt = undefined;
    // Watched first and looked at then, so that nothing falls in between.
    this.#renewing = this.#renewing.then(() => this.#renew()).then(() => {
      if (!this.#isClosed) this.#hooks.onChange();
    });
  }
}

/** `undefined` when there is nothing to watch, or one of the folders has gone in this moment, of which the next plan knows. */
function watchIfThere(folders: readonly string[]): Deno.FsWatcher | undefined {
  if (folders.length === 0) return undefined;
  try {
    return Deno.watchFs([...folders], { recursive: false });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
