/**
 * What a plugin names and cannot hand over, section 7 of `docs/protocol.md`.
 *
 * @module
 */

/** What a plugin gave cannot be handed over. The host would take that for the worker's own fault, and end it. */
export class UnfitFileError extends TypeError {
  override name = "UnfitFileError";
}

/** Looks at what a plugin has named. */
export function lookAt<Found>(path: string, look: (path: string) => Found): Found {
  try {
    return look(path);
  } catch (cause) {
    throw new UnfitFileError(`has a "toTempFile" that gave the path "${path}", which cannot be opened: ${cause}`, { cause });
  }
}

/** The error for a path at which there is something else than a plain file. */
export function unfit(path: string, kind: string): UnfitFileError {
  return new UnfitFileError(`has a "toTempFile" that gave the path of ${kind}, "${path}"; only a plain file can be handed over`);
}

/** What that is. */
export function kindOf({ isDirectory, isSymlink, isFifo, isSocket, isCharDevice, isBlockDevice }: Deno.FileInfo): string {
  if (isDirectory) return "a folder";
  if (isSymlink) return "a link";
  if (isFifo) return "a fifo";
  if (isSocket) return "a socket";
  return isCharDevice || isBlockDevice ? "a device" : "something else than a file";
}
