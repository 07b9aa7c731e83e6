/**
 * Frames with the bytes of their files behind them: section 7 of `docs/protocol.md`.
 *
 * @module
 */
import { PARTS_MARK } from "../../../protocol/parts.ts";
import type { FrameLine } from "../frame_line.ts";
import { removeWithFolder, type ScratchFiles } from "../scratch_files.ts";

/** How much of a file is read at a time, in bytes. */
const PIECE_BYTES = 256 * 1024;

/** Whether a frame has files. */
export function hasFiles({ files = [] }: FrameLine): boolean {
  return files.length > 0;
}

/** Frames and their files, piece by piece. The files are removed then, or when nobody takes the rest. */
export async function* piecesOf(lines: readonly FrameLine[], scratch: ScratchFiles): AsyncGenerator<Uint8Array, void, void> {
  try {
    for (const line of lines) yield* hasFiles(line) ? withFiles(line, scratch) : [bytesOf(line)];
  } finally {
    for (const { files } of lines) removeWithFolder(files);
  }
}

async function* withFiles(line: FrameLine, scratch: ScratchFiles): AsyncGenerator<Uint8Array, void, void> {
  using opened = new OpenFiles(line.files ?? [], scratch);
  // They go as soon as nobody needs their names, where the system lets them.
  removeWithFolder(line.files);
  const sizes = opened.files.map((file) => file.statSync().size);
  yield UTF8.encode(`${PARTS_MARK}${withSizes(line.text, sizes)}\n`);
  for (const [at, file] of opened.files.entries()) yield* exactly(file, sizes[at]!);
}

/** The sizes are looked at here: what the plugin's thread says of its files must not make a reader take one thing for another. The last member counts. */
function withSizes(text: string, sizes: readonly number[]): string {
  return `${text.slice(0, -1)},"parts":${JSON.stringify(sizes)}}`;
}

async function* exactly(file: Deno.FsFile, size: number): AsyncGenerator<Uint8Array, void, void> {
  for (let left = size; left > 0;) {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, left));
    const count = await file.read(piece);
    if (count === null) throw new Error("The plugin has cut a file while it was sent");
    left -= count;
    yield piece.subarray(0, count);
  }
}

class OpenFiles implements Disposable {
  readonly files: Deno.FsFile[] = [];

  constructor(paths: readonly string[], scratch: ScratchFiles) {
    try {
      for (const path of paths) this.files.push(scratch.open(path));
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const file of this.files) file.close();
  }
}

/** A frame as it is sent. */
export function bytesOf({ text, bytes }: FrameLine): Uint8Array {
  return bytes ?? UTF8.encode(`${text}\n`);
}

const UTF8 = new TextEncoder();
