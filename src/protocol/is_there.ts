/**
 * Whether a file is there, and what it is then, for both sides of the process wall.
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

/** What is found; `undefined` where nothing is there, or where somebody else has removed it meanwhile. */
export async function ifThere<Found>(looking: Promise<Found>): Promise<Found | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
