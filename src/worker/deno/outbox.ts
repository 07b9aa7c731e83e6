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
  mediaTypeOf,
  writeContent,
} from "../../protocol/file_values.ts";
import { MAX_FRAME_BYTES } from "../../protocol/messages.ts";

/** Where a worker keeps files. */
export interface Scratch {
  readonly folder: string;
  /** The most bytes that all files there may have; none when it is left out. */
  readonly quota?: number;
}

/** What a plugin gave cannot be handed over. The host would take that for the worker's own fault, and end it. */
export class UnfitFileError extends TypeError {
  override name = "UnfitFileError";
}

/** There is no place for a file. */
class ScratchFullError extends Error {
  override name = "ScratchFullError";
  readonly category = "resource";
  readonly retriable = true;
}

/** The host removes folders that it finds empty, and a call's folder is in use until the call has ended: so long there is this file in it. */
const MARK = ".open";

/** Hands over values as files, or inside the JSON to a host that shares no folder. */
export class Outbox {
  readonly #scratch: Scratch | undefined;
  #folder: Promise<string> | undefined;
  #files: string[] = [];
  readonly #handedOver = new Set<string>();

  /** Opens the outbox of one call. */
  constructor(scratch: Scratch | undefined) {
    this.#scratch = scratch;
  }

  /** Makes what stands in a value's place. */
  async handOver(value: FileValue): Promise<FileReference | InlineFile> {
    if (isFileBacked(value)) return await this.#handOverBacked(value);
    const content = contentOf(value);
    if (this.#scratch === undefined) demandFrame(content);
    if (this.#scratch === undefined || (content.size ?? Infinity) <= INLINE_BYTES) return await inlineFile(content);
    return this.#reference(await this.#write(content), content.mediaType);
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
    if (this.#folder !== undefined) removeAllBut(this.#handedOver, await this.#folder);
  }

  async #handOverBacked(value: FileBackedDTO & { readonly mediaType?: unknown }): Promise<FileReference | InlineFile> {
    if (this.#scratch === undefined) throw new TypeError("The host shares no folder with this worker, so that it takes bytes and no files");
    const folder = await this.#ownFolder();
    const given: unknown = await value.toTempFile(folder);
    if (typeof given !== "string") throw new UnfitFileError(`has a "toTempFile" that gave no path, but a value of type "${typeof given}"`);
    const path = given.replaceAll(/\/(?:\.?\/)+/g, "/");
    const mediaType = typeof value.mediaType === "string" ? value.mediaType : mediaTypeOf(path);
    if (!path.startsWith(`${folder}/`) || path.includes("/../")) return this.#reference(await this.#copy(path, mediaType), mediaType);
    demandOwnFile(path, folder);
    // What has been handed over already is the host's, which may remove it while it keeps this one.
    const isGiven = this.#files.includes(path) || this.#handedOver.has(path);
    return this.#reference(isGiven ? await this.#copy(path, mediaType) : path, mediaType);
  }

  /** A file elsewhere is the plugin's own, and stays there. */
  async #copy(path: string, mediaType: string): Promise<string> {
    const { file, size } = openPlainFile(path);
    const content: FileContent = { parts: file.readable, size, extension: /\.\w+$/.exec(path)?.[0] ?? "", mediaType };
    return await this.#write(content);
  }

  async #write(content: FileContent): Promise<string> {
    await this.#reserve(content.size ?? 0);
    try {
      return await writeContent(await this.#ownFolder(), content, () => {});
    } catch (cause) {
      if (!isFull(cause)) throw cause;
      throw new ScratchFullError(`The file system of "${this.#scratch!.folder}" is full`, { cause });
    }
  }

  #reference(path: string, mediaType: string): FileReference {
    this.#files.push(path);
    return { path, size: Deno.lstatSync(path).size, media_type: mediaType };
  }

  #ownFolder(): Promise<string> {
    return this.#folder ??= makeFolder(this.#scratch!.folder);
  }

  async #reserve(bytes: number): Promise<void> {
    const { quota, folder } = this.#scratch!;
    if (quota === undefined) return;
    const used = await folderBytes(folder);
    if (used + bytes <= quota) return;
    throw new ScratchFullError(`${bytes} bytes do not fit into the scratch quota of ${quota}, of which ${used} are in use`);
  }
}

async function makeFolder(scratch: string): Promise<string> {
  const folder = await Deno.makeTempDir({ dir: scratch, prefix: "out-" });
  await Deno.writeFile(`${folder}/${MARK}`, new Uint8Array(0));
  return folder;
}

function demandFrame({ size = 0 }: FileContent): void {
  if (size <= MAX_FRAME_BYTES / 4 * 3) return;
  const advice = "only a host that shares the worker's folders gets as many";
  throw new UnfitFileError(`has ${size} bytes, more than a frame carries; ${advice}`);
}

/** Makes sure of a file in the call's folder: the host takes none but a plain one with one name, to which no link leads. */
function demandOwnFile(path: string, folder: string): void {
  const facts = lookAt(path, Deno.lstatSync);
  if (!facts.isFile) throw unfit(path, kindOf(facts));
  if (facts.nlink !== 1) throw unfit(path, `a file with ${facts.nlink} names`);
  if (lookAt(path, Deno.realPathSync) !== `${Deno.realPathSync(folder)}${path.slice(folder.length)}`) {
    throw unfit(path, "a file behind a link");
  }
  lookAt(path, (own) => Deno.chmodSync(own, 0o600));
}

/** What is no plain file may never let go of whoever opens it. */
function openPlainFile(path: string): { file: Deno.FsFile; size: number } {
  const facts = lookAt(path, Deno.statSync);
  if (!facts.isFile) throw unfit(path, kindOf(facts));
  return { file: lookAt(path, (own) => Deno.openSync(own)), size: facts.size };
}

function lookAt<Found>(path: string, look: (path: string) => Found): Found {
  try {
    return look(path);
  } catch (cause) {
    throw new UnfitFileError(`has a "toTempFile" that gave the path "${path}", which cannot be opened: ${cause}`, { cause });
  }
}

function unfit(path: string, kind: string): UnfitFileError {
  return new UnfitFileError(`has a "toTempFile" that gave the path of ${kind}, "${path}"; only a plain file can be handed over`);
}

function kindOf({ isDirectory, isSymlink, isFifo, isSocket, isCharDevice, isBlockDevice }: Deno.FileInfo): string {
  if (isDirectory) return "a folder";
  if (isSymlink) return "a link";
  if (isFifo) return "a fifo";
  if (isSocket) return "a socket";
  return isCharDevice || isBlockDevice ? "a device" : "something else than a file";
}

/** Removes the files of a frame that nobody will get. */
export function removeFiles(paths: readonly string[] = []): void {
  for (const path of paths) {
    try {
      Deno.removeSync(path);
    } catch {
      // It is gone, or it will go with the worker's folder.
    }
  }
}

/** Removes what is in a folder but for some files, and the folder when it is empty. The host may be removing the rest. */
function removeAllBut(kept: ReadonlySet<string>, folder: string): void {
  try {
    for (const { name, isDirectory } of Deno.readDirSync(folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) removeAllBut(kept, path);
      else if (!kept.has(path)) removeFiles([path]);
    }
  } catch {
    // It is gone already.
  }
  removeFiles([folder]);
}

async function folderBytes(folder: string): Promise<number> {
  let total = 0;
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      total += isDirectory ? await folderBytes(path) : (await Deno.lstat(path)).size;
    }
  } catch (error) {
    // The host removes what it does not need any more, at any time.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return total;
}
