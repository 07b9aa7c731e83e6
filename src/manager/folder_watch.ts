/**
 * Tells when what lies in folders may be something else than before.
 *
 * @module
 */
import type { WatchPlan } from "./watch_plan.ts";

/** A change comes as several events, and a file is written in several steps: they are taken together when none has come for so long. */
const QUIET_MS = 100;
/** When they do not cease to come, it is told after so long. */
const MAX_DELAY_MS = 1_000;

/** The attempts to watch what is there before a pause. Folders that come and go all the time need one. */
const MOST_ATTEMPTS = 5;

/** Something that is watched. */
export interface Watched {
  /** The plan for it, as it is at this moment. */
  readonly plan: () => Promise<WatchPlan>;
  /**
   * Something has changed. What is told of all that is watched whenever the folders are watched anew, for what comes in between stays unseen.
   *
   * @param concerns Whether the change is known to be one of this.
   */
  readonly onChange: (concerns: boolean) => void;
}

/** Watches folders until it is disposed, also those that come, or come again, only later. */
export class FolderWatch implements Disposable {
  readonly #onFailure: (error: unknown) => void;
  readonly #watched = new Map<Watched, WatchPlan | undefined>();
  readonly #concerned = new Set<Watched>();
  #watcher: Deno.FsWatcher | undefined;
  #reading: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #changedAt: number | undefined;
  #renewing: Promise<void> = Promise.resolve();
  #isClosed = false;
  #failure: unknown;

  /**
   * Watches nothing yet.
   *
   * @param onFailure The folders cannot be watched, for example because the system watches as much as it may.
   */
  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** Why the folders are not watched as they are now; `undefined` when they are. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Watches something more. From when this resolves no change of it stays unseen. */
  async add(watched: Watched): Promise<void> {
    this.#watched.set(watched, undefined);
    await this.renew();
  }

  /** Watches something no more. */
  remove(watched: Watched): void {
    this.#watched.delete(watched);
  }

  /** Watches what is there now. From when this resolves no change stays unseen. */
  renew(): Promise<void> {
    return this.#renewing = this.#renewing.then(() => this.#renew()).then(() => this.#tellAll());
  }

  /** Stops watching. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  /** A folder that has taken another's place has to be watched anew, though its path is the same. */
  async #renew(): Promise<void> {
    const before = new Map(this.#watched);
    try {
      let isCurrent = false;
      for (let attempts = 0; !isCurrent && attempts < MOST_ATTEMPTS && !this.#isClosed; attempts++) {
        for (const [watched, plan] of await this.#plans()) this.#watched.set(watched, plan);
        await this.#take(before);
        // What had come before it was watched is in the next plan.
        isCurrent = (await this.#plans()).every(([watched, plan]) => this.#watched.get(watched)?.equals(plan) ?? true);
      }
      this.#failure = undefined;
      if (!isCurrent) this.#tellSoon();
    } catch (error) {
      this.#failure = error;
      if (!this.#isClosed) this.#onFailure(error);
    }
  }

  async #plans(): Promise<(readonly [Watched, WatchPlan])[]> {
    return await Promise.all([...this.#watched.keys()].map(async (watched) => [watched, await watched.plan()] as const));
  }

  /**
   * Closes the old watcher first: all watchers of a program share what they watch, by paths, and a new one beside the old one would go on with the folder
   * that has been moved away. Nothing is missed meanwhile, for the folders are looked at when they have been watched.
   */
  async #take(before: ReadonlyMap<Watched, WatchPlan | undefined>): Promise<void> {
    this.#watcher?.close();
    await this.#reading; // Deno lets go of the paths only when nobody reads the watcher any more.
    if (this.#isClosed) return;
    try {
      this.#watch();
    } catch (error) {
      for (const [watched, plan] of before) if (this.#watched.has(watched)) this.#watched.set(watched, plan);
      this.#watch();
      throw error;
    }
  }

  #watch(): void {
    const folders = [...this.#watched.values()].flatMap((plan) => plan?.folders ?? []);
    this.#watcher = watchIfThere([...new Set(folders)]);
    if (this.#watcher !== undefined) this.#reading = this.#read(this.#watcher);
  }

  async #read(watcher: Deno.FsWatcher): Promise<void> {
    for await (const { kind, paths } of watcher) {
      if (kind === "access") continue;
      // The system tells by an event without paths that it has lost some.
      for (const [watched, plan] of this.#watched) {
        if (paths.length === 0 || paths.some((path) => plan?.concerns(path))) this.#tellSoon(watched);
      }
    }
  }

  #tellSoon(concerned?: Watched): void {
    if (this.#isClosed) return;
    if (concerned !== undefined) this.#concerned.add(concerned);
    const now = performance.now();
    this.#changedAt ??= now;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), Math.min(QUIET_MS, Math.max(0, this.#changedAt + MAX_DELAY_MS - now)));
  }

  #tell(): void {
    this.#changedAt = undefined;
    // Watched first and looked at then, so that nothing falls in between.
    void this.renew();
  }

  #tellAll(): void {
    if (this.#isClosed) return;
    const concerned = new Set(this.#concerned);
    this.#concerned.clear();
    for (const watched of this.#watched.keys()) watched.onChange(concerned.has(watched));
  }
}

/** `undefined` when there is nothing to watch, or one of the folders has gone in this moment, of which the next plan knows. */
function watchIfThere(folders: readonly string[]): Deno.FsWatcher | undefined {
  if (folders.length === 0) return undefined;
  try {
    return Deno.watchFs([...folders], { recursive: false });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    // The system lets nobody watch a folder that he may go through and not list, such as the one above the homes of all users.
    const listed = error instanceof Deno.errors.PermissionDenied ? folders.filter(isListed) : folders;
    if (listed.length < folders.length) return watchIfThere(listed);
    throw error;
  }
}

function isListed(folder: string): boolean {
  try {
    Deno.readDirSync(folder);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.PermissionDenied);
  }
}
