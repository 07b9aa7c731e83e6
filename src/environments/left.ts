/**
 * What hosts that were killed have left beside what they were making.
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";

/** Removes all attempts to make a folder: what is called as it, and ends in a dot and a random word. Whoever does so holds its lock. */
export async function removeLeft(folder: string): Promise<void> {
  const prefix = `${basename(folder)}.`;
  for (const { name } of Deno.readDirSync(dirname(folder))) {
    // What cannot be removed now, the next one removes.
    if (name.startsWith(prefix) && name !== `${prefix}lock`) {
      await Deno.remove(join(dirname(folder), name), { recursive: true }).catch(() => {});
    }
  }
}
