/**
 * The files that come with a request, for a host that shares no folder with this worker: section 7 of `docs/protocol.md`.
 *
 * @module
 */
import { isFull } from "../../protocol/file_values.ts";
import { PartCutter, type PartLabel } from "../../protocol/parts.ts";
import type { ScratchFiles } from "./scratch_files.ts";

/** There is no place for what has come. */
export class InboxFullError extends Error {
  override name = "InboxFullError";
}

/** The bytes of parts, as they come. */
export interface PartSource {
  /** Some bytes. */
  some(): Promise<Uint8Array>;
  /** Takes back those that belong to what comes next. */
  giveBack(bytes: Uint8Array): void;
}

/** The files of one request, in a folder of their own. */
export class ReceivedFiles implements Disposable {
  /** Where they are, in the order in which they have come. */
  readonly paths: readonly string[];
  readonly #folder: string;
  #room: number;

  private constructor(folder: string, labels: readonly PartLabel[], room: number) {
    this.#folder = folder;
    this.#room = room;
    this.paths = labels.map(({ extension = "" }, at) => `${folder}/${at}${extension}`);
  }

  /**
   * Writes the files that come. Nothing is left of those that do not come as a whole.
   *
   * @throws {InboxFullError} When there is no place for them.
   * @throws {MalformedPartsError} When they are none.
   */
  static async receive(labels: readonly PartLabel[], source: PartSource, scratch: ScratchFiles): Promise<ReceivedFiles> {
    const files = new ReceivedFiles(makeFolder(scratch.inputs), labels, await scratch.room());
    try {
      await files.#write(labels, source);
      return files;
    } catch (error) {
      files[Symbol.dispose]();
      throw isFull(error) ? new InboxFullError(`The file system of "${scratch.inputs}" is full`, { cause: error }) : error;
    }
  }

  /** Removes them. */
  [Symbol.dispose](): void {
    try {
      Deno.removeSync(this.#folder, { recursive: true });
    } catch {
      // They have gone with the worker's folder.
    }
  }

  async #write(labels: readonly PartLabel[], source: PartSource): Promise<void> {
    this.#reserve(labels.reduce((sum, { size = 0 }) => sum + size, 0));
    const cutter = new PartCutter(labels.map(({ size }) => size));
    let rest: Uint8Array = new Uint8Array(0);
    for (let at = 0; at < labels.length; at++) {
      using file = Deno.openSync(this.paths[at]!, { write: true, createNew: true, mode: 0o600 });
      rest = await this.#fill(file, { cutter, source, rest, isSized: labels[at]!.size !== undefined });
    }
    if (rest.length > 0) source.giveBack(rest);
  }

  async #fill(file: Deno.FsFile, { cutter, source, rest, isSized }: Filling): Promise<Uint8Array> {
    while (true) {
      const piece = cutter.next(rest);
      if (piece === undefined) {
        rest = await source.some();
        continue;
      }
      if (!isSized) this.#reserve(piece.bytes.length);
      for (let left = piece.bytes; left.length > 0;) left = left.subarray(await file.write(left));
      rest = piece.rest;
      if (piece.isLast) return rest;
    }
  }

  #reserve(bytes: number): void {
    if (bytes > this.#room) throw new InboxFullError("The files of the request do not fit into the worker's scratch quota");
    this.#room -= bytes;
  }
}

interface Filling {
  readonly cutter: PartCutter;
  readonly source: PartSource;
  readonly rest: Uint8Array;
  /** Whether room was made for it before. */
  readonly isSized: boolean;
}

function makeFolder(inputs: string): string {
  Deno.mkdirSync(inputs, { recursive: true, mode: 0o700 });
  return Deno.makeTempDirSync({ dir: inputs, prefix: "in-" });
}
