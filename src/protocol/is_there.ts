/**
 * Whether a file is there, for both sides of the process wall.
 *
 * @module
 */

/** Whether there is anything at a path, also a link that leads nowhere. */
export function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
