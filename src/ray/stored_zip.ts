/**
 * A package of files, as Ray takes it.
 *
 * @module
 */
import { zipSync } from "fflate";

/** The day on which times of a zip begin. The bytes must say nothing but the files: Ray's nodes keep them by their hash. */
const EPOCH = new Date(1980, 0, 1);

/** A file of a package. */
export interface PackedFile {
  readonly bytes: Uint8Array;
  /** Whether its owner may run it. Default: no. */
  readonly isProgram?: boolean;
}

/** Whoever unpacks it on a system like Unix may read the files. */
const ATTRIBUTES = { os: 3, mtime: EPOCH, level: 0 } as const;

/** A zip without compression, which has the same bytes for the same files. Its names are relative, with slashes. */
export function storedZip(files: ReadonlyMap<string, PackedFile>): Uint8Array<ArrayBuffer> {
  const entries = [...files].toSorted(([one], [other]) => one < other ? -1 : 1);
  return zipSync(Object.fromEntries(entries.map(([name, file]) => [name, [file.bytes, attributesOf(file)] as const])));
}

function attributesOf({ isProgram }: PackedFile) {
  return { ...ATTRIBUTES, attrs: (isProgram ? 0o100755 : 0o100644) << 16 };
}
