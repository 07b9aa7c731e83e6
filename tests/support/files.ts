/**
 * Looks at what is in a folder.
 *
 * @module
 */
import { join } from "@std/path";

/** All files in a folder and in those below it, links not followed, in a stable order. A folder that others have removed meanwhile has none. */
export function filesBelow(folder: string): string[] {
  const entries = entriesOf(folder).sort((a, b) => a.name < b.name ? -1 : 1);
  return entries.flatMap(({ name, isDirectory }) => isDirectory ? filesBelow(join(folder, name)) : [join(folder, name)]);
}

/** The files that host and workers have handed to each other in a folder: without the marks of open calls and what waits to be written again. */
export function sharedFiles(folder: string): string[] {
  return filesBelow(folder).filter((path) => path.includes("/scratch/") && !path.endsWith("/.open") && !path.includes("/spare-"));
}

function entriesOf(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
