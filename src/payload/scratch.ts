/**
 * The folders that one worker shares with its host, and how much may be in them.
 *
 * @module
 */
import type { FileContent } from "../protocol/file_values.ts";

/** The folders for files that host and worker hand to each other. */
export interface ScratchFolders {
  /** A folder of the file system for temporary files. */
  readonly disk: string;
  /** A folder in memory, which is preferred for what fits into it; `undefined` where there is none that the host may use. */
  readonly memory: string | undefined;
}

/** There is no place for a file. */
export class NoRoomError extends Error {
  override name = "NoRoomError";
}

/** Counts the bytes of the files that are there at a time. */
export class Quota {
  readonly #limit: number;
  #used = 0;
  /** Called when there is no room: gives back what is not really needed. */
  onShort: () => void = () => {};

  /** Allows this many bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts bytes that are there already. */
  count(bytes: number): void {
    this.#used += bytes;
  }

  /**
   * Counts bytes that are about to be written.
   *
   * @throws {NoRoomError} When they are too many.
   */
  reserve(bytes: number): void {
    if (this.#used + bytes > this.#limit) this.onShort();
    if (this.#used + bytes > this.#limit) {
      const there = this.#used === 0 ? "" : `, and ${this.#used} are in use`;
      throw new NoRoomError(
        `${bytes} bytes do not fit into the quota of ${this.#limit}${there}. Raise "scratchQuota", or dispose of results earlier`,
      );
    }
    this.#used += bytes;
  }

  /** Gives back what was counted. */
  release(bytes: number): void {
    this.#used -= bytes;
  }
}

/** The folder for a content: memory when the content fits into half of what is free there, for others want some of it too. */
export async function roomiest({ disk, memory }: ScratchFolders, { size }: Pick<FileContent, "size">): Promise<string> {
  if (memory === undefined || size === undefined) return disk;
  // Only a host that may do everything has a folder in memory, and so it may ask this; others need not load it.
  const { statfsSync } = await import("node:fs");
  const { bavail, bsize } = statfsSync(memory);
  return size <= bavail * bsize / 2 ? memory : disk;
}
