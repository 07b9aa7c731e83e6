/**
 * A lock between hosts.
 *
 * @module
 */
import { pause } from "../protocol/timer.ts";

/** How often it is tried. To wait for the system's answer instead could not be given up. */
const INTERVAL_MS = 50;

/** A lock that one host at a time holds. The kernel lets go of it when its host has ended, whatever ended it. The file stays. */
export class FileLock implements Disposable {
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** Waits until nobody else holds it. `onWait` is called once when somebody does. */
  static async take(path: string, { signal, onWait }: { readonly signal: AbortSignal; readonly onWait: () => void }): Promise<FileLock> {
    const file = Deno.openSync(path, { create: true, read: true, write: true, mode: 0o600 });
    try {
      for (let isFirst = true; !file.tryLockSync(true); isFirst = false) {
        if (isFirst) onWait();
        await pause(INTERVAL_MS, signal);
      }
      return new FileLock(file);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Takes it if nobody holds it now. */
  static tryTake(path: string): FileLock | undefined {
    const file = Deno.openSync(path, { create: true, read: true, write: true, mode: 0o600 });
    if (file.tryLockSync(true)) return new FileLock(file);
    file.close();
    return undefined;
  }

  /** Lets go. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}
