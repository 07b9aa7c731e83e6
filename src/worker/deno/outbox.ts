/**
 * What one call hands over as files, section 7 of `docs/protocol.md`.
 *
 * @module
 */
import {
  contentOf,
  type FileBackedDTO,
  type FileContent,
  type FileReference,
  type FileValue,
  INLINE_BYTES,
  type InlineFile,
  inlineFile,
  isFileBacked,
  isFull,
  writeContent,
} from "../../protocol/file_values.ts";
import type { FilesWay } from "../../protocol/exchange.ts";
import type { PartReference } from "../../protocol/parts.ts";
import { mediaTypeOf } from "../../protocol/media_types.ts";
import { MAX_FRAME_BYTES } from "../../protocol/sizes.ts";
import type { FilesQuestion } from "./files_question.ts";
import { kindOf, lookAt, unfit, UnfitFileError } from "./unfit_file.ts";

/** What a call's outbox needs of its worker. */
export interface Results {
  /** The folder of all results. The plugin's thread may write there, and not read: who may do both can make links by `node:wasi`, to anywhere. */
  readonly folder: string;
  /** The most bytes that all files of the worker may have; none when it is left out. */
  readonly quota?: number;
  /** Asks the control thread, which may look. */
  readonly ask: (question: FilesQuestion) => Promise<number>;
}

/** There is no place for a file. */
class ScratchFullError extends Error {
  override name = "ScratchFullError";
  readonly category = "resource";
  readonly retriable = true;
}

/** The host removes folders that it finds empty, and a call's folder is in use until the call has ended: so long there is this file in it. */
const MARK = ".open";

/** What stands in a value's place. */
export type HandedOver = FileReference | PartReference | InlineFile;

/** Hands over values as files, or inside the JSON to a host that shares no folder. */
export class Outbox {
  readonly #results: Results | undefined;
  readonly #way: FilesWay;
  #folder: Promise<string> | undefined;
  #files: string[] = [];
  readonly #handedOver = new Set<string>();

  /** Opens the outbox of one call, whose host gets files in this way. Default: in the folder. */
  constructor(results: Results | undefined, way: FilesWay = "shared") {
    this.#results = results;
    this.#way = way;
  }

  /** Makes what stands in a value's place. */
  async handOver(value: FileValue): Promise<HandedOver> {
    if (isFileBacked(value)) return await this.#handOverBacked(value);
    const content = contentOf(value);
    if (this.#results === undefined) demandFrame(content);
    if (this.#results === undefined || (content.size ?? Infinity) <= INLINE_BYTES) return await inlineFile(content);
    return await this.#write(content);
  }

  /** The files handed over since this was last asked. */
  takeFiles(): string[] {
    const files = this.#files;
    this.#files = [];
    files.forEach((path) => this.#handedOver.add(path));
    return files;
  }

  /** Removes what has not been handed over; the rest is the host's. */
  async close(): Promise<void> {
    if (this.#folder === undefined) return;
    await this.#results!.ask({ about: "leftovers", folder: await this.#folder, kept: this.#handedOver });
  }

  async #handOverBacked(value: FileBackedDTO & { readonly mediaType?: unknown }): Promise<HandedOver> {
    if (this.#results === undefined) throw new TypeError("The host shares no folder with this worker, so that it takes bytes and no files");
    const folder = await this.#ownFolder();
    const given: unknown = await value.toTempFile(folder);
    if (typeof given !== "string") throw new UnfitFileError(`has a "toTempFile" that gave no path, but a value of type "${typeof given}"`);
    const path = given.replaceAll(/\/(?:\.?\/)+/g, "/");
    const mediaType = typeof value.mediaType === "string" ? value.mediaType : mediaTypeOf(path);
    if (!path.startsWith(`${folder}/`) || path.includes("/../")) return await this.#takeIn(path, mediaType);
    const size = await this.#results.ask({ about: "file", folder, path });
    // What has been handed over already is the host's, which may remove it while it keeps this one. A part is sent and removed while the plugin goes on,
    // and may write to its own file again.
    const isGiven = this.#way === "parts" || this.#files.includes(path) || this.#handedOver.has(path);
    return isGiven ? await this.#copy({ path, size, mediaType }) : this.#reference({ path, size, mediaType });
  }

  /** A file elsewhere is the plugin's own, and stays there. */
  async #takeIn(path: string, mediaType: string): Promise<HandedOver> {
    const { file, size } = openPlainFile(path);
    return await this.#write({ parts: file.readable, size, extension: extensionIn(path), mediaType });
  }

  async #copy({ path, size, mediaType }: WrittenFile): Promise<HandedOver> {
    const folder = await this.#ownFolder();
    const to = await this.#written(size, async () => {
      const made = await Deno.makeTempFile({ dir: folder, suffix: extensionIn(path) });
      await this.#results!.ask({ about: "copy", folder, path, to: made });
      return made;
    });
    return this.#reference({ path: to, size, mediaType });
  }

  async #write(content: FileContent): Promise<HandedOver> {
    let size = 0;
    const count = (bytes: number) => void (size += bytes);
    const path = await this.#written(content.size ?? 0, async () => await writeContent(await this.#ownFolder(), content, count));
    return this.#reference({ path, size, mediaType: content.mediaType });
  }

  async #written<Made>(bytes: number, write: () => Promise<Made>): Promise<Made> {
    await this.#reserve(bytes);
    try {
      return await write();
    } catch (cause) {
      if (!isFull(cause)) throw cause;
      throw new ScratchFullError(`The file system of "${this.#results!.folder}" is full`, { cause });
    }
  }

  /** What stands for the next file of the frame. The control thread sends parts and removes them. */
  #reference({ path, size, mediaType }: WrittenFile): FileReference | PartReference {
    const part = this.#files.push(path) - 1;
    return this.#way === "parts" ? { part, size, media_type: mediaType } : { path, size, media_type: mediaType };
  }

  #ownFolder(): Promise<string> {
    return this.#folder ??= makeFolder(this.#results!.folder);
  }

  async #reserve(bytes: number): Promise<void> {
    const { quota, ask } = this.#results!;
    if (quota === undefined) return;
    const used = await ask({ about: "bytes_in_use" });
    if (used + bytes <= quota) return;
    throw new ScratchFullError(`${bytes} bytes do not fit into the scratch quota of ${quota}, of which ${used} are in use`);
  }
}

interface WrittenFile {
  readonly path: string;
  readonly size: number;
  readonly mediaType: string;
}

async function makeFolder(results: string): Promise<string> {
  const folder = await Deno.makeTempDir({ dir: results, prefix: "out-" });
  await Deno.writeFile(`${folder}/${MARK}`, new Uint8Array(0));
  return folder;
}

function demandFrame({ size = 0 }: FileContent): void {
  if (size <= MAX_FRAME_BYTES / 4 * 3) return;
  const advice = "only a host that shares the worker's folders gets as many";
  throw new UnfitFileError(`has ${size} bytes, more than a frame carries; ${advice}`);
}

/** What is no plain file may never let go of whoever opens it. */
function openPlainFile(path: string): { file: Deno.FsFile; size: number } {
  const facts = lookAt(path, Deno.statSync);
  if (!facts.isFile) throw unfit(path, kindOf(facts));
  return { file: lookAt(path, (own) => Deno.openSync(own)), size: facts.size };
}

function extensionIn(path: string): string {
  return /\.\w+$/.exec(path)?.[0] ?? "";
}
