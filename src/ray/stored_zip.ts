/**
 * A package of files, as Ray takes it.
 *
 * @module
 */
import { zipSync } from "fflate";

/** The day on which times of a zip begin. The bytes must say nothing but the files: Ray's nodes keep them by their hash. */
const EPOCH = new Date(1980, 0, 1);

/** Whoever unpacks it on a system like Unix may read the files. */
const ATTRIBUTES = { os: 3, attrs: 0o100644 << 16, mtime: EPOCH, level: 0 } as const;

/** A zip without compression, which has the same bytes for the same files. Its names are relative, with slashes. */
export function storedZip(files: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const entries = [...files].toSorted(([one], [other]) => one < other ? -1 : 1);
  return zipSync(Object.fromEntries(entries.map(([name, bytes]) => [name, [bytes, ATTRIBUTES] as const])));
}
