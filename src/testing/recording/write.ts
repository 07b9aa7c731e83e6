/**
 * Writes a recording.
 *
 * @module
 */
import type { Recording } from "./format.ts";

/** Whole or not at all. */
export async function write(path: string, recording: Recording): Promise<void> {
  const partial = `${path}.${crypto.randomUUID().slice(0, 8)}`;
  try {
    await Deno.writeTextFile(partial, `${JSON.stringify(recording, null, 2)}\n`);
    await Deno.rename(partial, path);
  } catch (error) {
    await Deno.remove(partial).catch(() => {});
    throw error;
  }
}
