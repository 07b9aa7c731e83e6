/**
 * The code of one plugin, which is replaced when somebody has edited it.
 *
 * @module
 */
import { dirname } from "@std/path";
import { mayRead } from "../manifest/host_access.ts";
import { pause } from "../protocol/timer.ts";
import { messageOf } from "../protocol/text.ts";
import type { Entry } from "./entry.ts";
import type { PluginEvent } from "./events.ts";
import type { Watched } from "./folder_watch.ts";
import type { StartedPool } from "./replica_starter.ts";
import { sourceFilesIn, sourceFolders } from "./source_folders.ts";
import { WatchPlan } from "./watch_plan.ts";

/** What a change of a plugin's code needs of the manager. */
export interface SourcesOwner {
  readonly emit: (entry: Entry, event: PluginEvent) => void;
  /** Tells those who read the plugin's log. */
  readonly log: (entry: Entry, level: "info" | "warning" | "error", text: string) => void;
  /** The files are others than before. */
  readonly onFiles: () => void;
  /** Aborted when the manager is disposed of. */
  readonly signal: AbortSignal;
}

/** The files of a plugin's code, as they were when its workers were started. */
export class WatchedSources implements Watched {
  readonly #entry: Entry;
  readonly #owner: SourcesOwner;
  readonly #stamps = new Map<string, string>();
  #started: StartedPool | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isReloading = false;
  /** What all code around was like when the last attempt failed: whatever differs from that may be what mends it. `undefined` when it did not fail. */
  #failedWith: string | undefined;
  #isTold = false;

  /** Knows no file yet. */
  constructor(entry: Entry, owner: SourcesOwner) {
    this.#entry = entry;
    this.#owner = owner;
  }

  /** Workers were started. */
  begin(started: StartedPool): void {
    // After a reload a file may differ from what it was when the reload began, and then it was edited meanwhile.
    if (!this.#isReloading) {
      this.#stamps.clear();
      this.#failedWith = undefined;
    }
    this.#started = started;
    this.onChange(false);
  }

  plan(): Promise<WatchPlan> {
    return WatchPlan.ofSources([...this.#stamps.keys()]);
  }

  onChange(concerns: boolean): void {
    this.#looking = this.#looking.then(() => this.#look(concerns)).catch(() => {}); // Its workers have ended.
  }

  async #look(concerns: boolean): Promise<void> {
    const started = this.#started;
    if (started === undefined || started.pool.isClosing || this.#owner.signal.aborted) return;
    const known = this.#stamps.size;
    const changed = await this.#changes(started);
    if (this.#stamps.size > known) this.#owner.onFiles();
    const isWorth = this.#failedWith === undefined ? changed.length > 0 : concerns && this.#failedWith !== await this.#surroundings();
    if (isWorth) await this.#reload(changed);
  }

  /** The files that are not what they were. From now on they are what they are now. */
  async #changes(started: StartedPool): Promise<readonly string[]> {
    const files = await Promise.all([...started.pool.replicas].map(({ plugin }) => plugin.sources(this.#owner.signal)));
    const changed: string[] = [];
    for (const file of new Set([...this.#stamps.keys(), ...files.flat()])) {
      if (!mayRead(file)) this.#tellUnread(file);
      else if (this.#hasChanged(file, await lookAt(file, this.#owner.signal), started)) changed.push(file);
    }
    return changed;
  }

  #hasChanged(file: string, { stamp, at }: Look, { startedAt }: StartedPool): boolean {
    const before = this.#stamps.get(file);
    this.#stamps.set(file, stamp);
    // Nobody knows which of its texts a worker has read of one that was edited while it was loaded. A time that is still to come tells nothing.
    return before === undefined ? at > startedAt && at <= Date.now() : before !== stamp;
  }

  /** What the files of code are like that the plugin has loaded, or could. */
  async #surroundings(): Promise<string> {
    const known = [...this.#stamps.keys()];
    const files = new Set([...known, ...await sourceFilesIn(await sourceFolders(known))]);
    const looks = await Promise.all([...files].map(async (file) => `${file} ${(await lookAt(file, this.#owner.signal)).stamp}`));
    return looks.join("\n");
  }

  async #reload(files: readonly string[]): Promise<void> {
    const what = files.length === 1 ? `"${files[0]}" has changed` : `${files.length || "other"} files of its code have changed`;
    this.#owner.emit(this.#entry, { type: "edited", files });
    this.#owner.log(this.#entry, "info", `It is loaded anew, for ${what}`);
    this.#isReloading = true;
    const surroundings = await this.#surroundings();
    try {
      await this.#entry.reload();
      this.#failedWith = undefined;
    } catch (error) {
      this.#failedWith = surroundings;
      this.#tellKept(error);
    } finally {
      this.#isReloading = false;
    }
  }

  /** Without room for new workers beside the old ones these have left before, and the failure was told as that of any start. */
  #tellKept(error: unknown): void {
    if (this.#owner.signal.aborted || this.#entry.pool === undefined) return;
    this.#owner.emit(this.#entry, { type: "kept", error });
    this.#owner.log(this.#entry, "error", `What was edited cannot be loaded, and the workers from before go on. ${messageOf(error)}`);
  }

  #tellUnread(file: string): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const folder = dirname(file);
    this.#owner.log(
      this.#entry,
      "warning",
      `It is not loaded anew when "${file}" is edited, for the host may not read it. Add --allow-read=${folder}`,
    );
  }
}

/** What a file is like from outside. */
interface Look {
  readonly stamp: string;
  /** When it was written. */
  readonly at: number;
}

/** A file is written in several steps. It is looked at after `quiet` without one, or after `longest` in any case. In milliseconds. */
const SAVING_MS = { quiet: 100, longest: 1_000 } as const;

async function lookAt(file: string, signal: AbortSignal): Promise<Look> {
  const until = Date.now() + SAVING_MS.longest;
  for (;;) {
    const look = await lookOnce(file);
    const age = Date.now() - look.at;
    if (age < 0 || age >= SAVING_MS.quiet || Date.now() >= until) return look;
    await pause(SAVING_MS.quiet - age, signal);
  }
}

/** An editor may put another file in its place, which has other numbers. */
async function lookOnce(file: string): Promise<Look> {
  try {
    const { mtime, size, ino, dev } = await Deno.stat(file);
    const at = mtime?.getTime() ?? 0;
    return { stamp: [at, size, ino, dev].join(), at };
  } catch {
    return { stamp: "gone", at: 0 };
  }
}
