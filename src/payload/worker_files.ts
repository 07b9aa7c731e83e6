/**
 * All files that a host and one worker have handed to each other.
 *
 * @module
 */
import { isRecord } from "../protocol/json.ts";
import { PluginStateError } from "../errors.ts";
import { BYTES_MEDIA_TYPE } from "../protocol/media_types.ts";
import type { FileReference, InlineFile } from "../protocol/file_values.ts";
import { FileGoneError, FoundFile, type SharedFolder, sharedFolder } from "./found_file.ts";
import { Quota, type ScratchFolders } from "./scratch.ts";
import { CallFiles } from "./call_files.ts";
import { MemoryMaps } from "./file_mapping.ts";
import { FileResult, type FileSource } from "./file_result.ts";
import { InlineSource } from "./inline_source.ts";
import { GoneFile, ResultFile } from "./result_file.ts";
import { SpareFiles, type UseTest } from "./spare_files.ts";

export type { ScratchFolders, UseTest };

/** The most bytes that the files of one worker may have at a time, unless the host says otherwise. */
export const DEFAULT_QUOTA: number = 4 * 1024 ** 3;

/** What the files of a worker depend on. */
export interface WorkerFilesOptions {
  /** The plugin's name, for errors. */
  readonly plugin: string;
  /** The shared folders; `undefined` when the worker's file system is not this host's. */
  readonly folders: ScratchFolders | undefined;
  /** The most bytes at a time. */
  readonly quota: number;
  /** Tells whether anybody has a file open. Files are written again only where it is known. Default: it is not. */
  readonly isInUse?: UseTest;
}

/** The files of one worker: what calls are given, and what they gave. */
export class WorkerFiles implements AsyncDisposable {
  readonly #plugin: string;
  readonly #folders: ScratchFolders | undefined;
  readonly #outboxes: readonly SharedFolder[];
  readonly #quota: Quota;
  readonly #results = new Map<FileResult, FileSource>();
  /** Results whose file stays open, though their worker has ended; weakly, so that one that is forgotten is closed. */
  #held: WeakRef<FileResult>[] = [];
  /** What was made of a frame's files before anybody asked for the frame. */
  readonly #ahead = new WeakMap<object, FileResult>();
  #isOutliving = false;
  readonly #kept: CallFiles[] = [];
  readonly #spares: SpareFiles | undefined;
  #maps: MemoryMaps | undefined;

  /** Nothing is made before it is needed. */
  constructor({ plugin, folders, quota, isInUse }: WorkerFilesOptions) {
    this.#plugin = plugin;
    this.#folders = folders;
    this.#outboxes = [folders?.disk, folders?.memory].filter((path) => path !== undefined).map(sharedFolder);
    this.#quota = new Quota(quota);
    if (isInUse !== undefined) this.#spares = new SpareFiles({ folders: this.#outboxes, quota: this.#quota, isInUse });
    this.#quota.onShort = () => void this.#spares?.drop();
  }

  /** Whether the worker and this host share folders. */
  get areShared(): boolean {
    return this.#folders !== undefined;
  }

  /**
   * Opens the inputs of one call.
   *
   * @throws {PluginStateError} When host and worker share no folder.
   */
  openCall(signal: AbortSignal): CallFiles {
    return new CallFiles({ folders: this.#shared(), shared: this.#outboxes, quota: this.#quota, spares: this.#spares }, signal);
  }

  /** Keeps a call's inputs for as long as the worker. */
  keep(files: CallFiles): void {
    this.#kept.push(files);
  }

  /**
   * Takes over what a worker has given.
   *
   * @param raw What stands in the file's place on the wire.
   * @param parts The files that have come behind the frame. Default: none.
   * @throws {TypeError} When that is not what the protocol says.
   * @throws {ForeignFileError} When it names a file that it may not name.
   */
  adopt(raw: unknown, parts: FrameParts = NO_PARTS): FileResult {
    if (!isRecord(raw)) throw new TypeError("a file's place holds no object");
    return this.#ahead.get(raw) ?? this.#adopt(raw, parts);
  }

  /** Makes a result of a file in a frame for which nobody has asked yet. */
  hold(raw: unknown): void {
    try {
      if (isRecord(raw)) this.#ahead.set(raw, this.#adopt(raw, NO_PARTS));
    } catch {
      // Whoever asks for the frame is told.
    }
  }

  /** Keeps each result open from now on, because the worker's folder is removed next. */
  outlive(): void {
    this.#isOutliving = true;
    for (const [result, source] of this.#results) this.#holdOpen(result, source);
  }

  /** Whether somebody may still read what has outlived its worker. */
  get areHeld(): boolean {
    return this.#held.some((held) => held.deref() !== undefined);
  }

  /** Lets go of what has outlived its worker. */
  async letGo(): Promise<void> {
    await Promise.allSettled(this.#held.map((held) => held.deref()?.[Symbol.asyncDispose]()));
    this.#held = [];
  }

  #adopt(raw: Record<string, unknown>, parts: FrameParts): FileResult {
    const { size, media_type: mediaType = BYTES_MEDIA_TYPE } = raw as Partial<FileReference & InlineFile>;
    if (!Number.isSafeInteger(size) || size! < 0 || typeof mediaType !== "string") throw new TypeError("a file has no size or no type");
    const source = this.#sourceOf(raw, { size: size!, mediaType, parts });
    const onRemoved = (result: FileResult) => this.#forget(result);
    return this.#keep(new FileResult({ plugin: this.#plugin, size: size!, mediaType, source, onRemoved }), source);
  }

  /** Removes the file of a reply that nobody waits for any more. */
  async discard(raw: unknown): Promise<void> {
    try {
      await this.adopt(raw)[Symbol.asyncDispose]();
    } catch {
      // Whatever it is, nobody has asked for it. What is in the worker's folder goes with that folder.
    }
  }

  /** Removes every result and every kept input that is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spares?.[Symbol.asyncDispose]();
    await Promise.allSettled([...this.#results.keys(), ...this.#kept].map((files) => files[Symbol.asyncDispose]()));
    this.#maps?.[Symbol.dispose]();
  }

  #keep(result: FileResult, source: FileSource): FileResult {
    this.#results.set(result, source);
    this.#quota.count(result.size);
    if (this.#isOutliving) this.#holdOpen(result, source);
    return result;
  }

  #holdOpen(result: FileResult, source: FileSource): void {
    if (source instanceof ResultFile && !source.hold()) return;
    this.#forget(result);
    this.#held.push(new WeakRef(result));
  }

  #forget(result: FileResult): void {
    if (this.#results.delete(result)) this.#quota.release(result.size);
  }

  #shared(): ScratchFolders {
    if (this.#folders !== undefined) return this.#folders;
    const message =
      `"${this.#plugin}" shares no folder with this host, and takes no files as bytes. Pass plain JSON, bytes as base64, or attach with "scratch" where both reach one folder`;
    throw new PluginStateError(message, { plugin: this.#plugin });
  }

  #found(path: unknown, size: number): FileSource {
    if (typeof path !== "string") throw new TypeError("a file has no path");
    const found = this.#look(path, size);
    if (found instanceof GoneFile) return found;
    return new ResultFile(found, { spares: this.#spares, maps: () => this.#maps ??= new MemoryMaps() });
  }

  /** The worker's end takes the files along. What else it gave is of use without them. */
  #look(path: string, size: number): FoundFile | GoneFile {
    try {
      return new FoundFile(path, this.#outboxes, size);
    } catch (error) {
      if (this.#isOutliving && error instanceof FileGoneError) return new GoneFile(path, error);
      throw error;
    }
  }

  #sourceOf(raw: Record<string, unknown>, { size, mediaType, parts }: ResultFacts): FileSource {
    if (!("part" in raw) && !("data" in raw)) return this.#found(raw.path, size);
    const bytes = "part" in raw ? parts[raw.part as number] : decoded(raw.data);
    if (bytes === undefined) throw new TypeError("a file is none of those that have come with it");
    if (bytes.length !== size) throw new TypeError(`a file's data has ${bytes.length} bytes, not ${size}`);
    return new InlineSource(bytes, { mediaType, folder: () => this.#folderOfResults() });
  }

  #folderOfResults(): string {
    if (this.#folders !== undefined) return this.#folders.disk;
    const message =
      `A result of "${this.#plugin}" has no path, for its worker shares no folder with this host. Read it by "bytes()" or "stream()"`;
    throw new PluginStateError(message, { plugin: this.#plugin });
  }
}

/** The files that have come behind a frame. */
type FrameParts = readonly Uint8Array<ArrayBuffer>[];

const NO_PARTS: FrameParts = [];

interface ResultFacts {
  readonly size: number;
  readonly mediaType: string;
  readonly parts: FrameParts;
}

function decoded(data: unknown): Uint8Array<ArrayBuffer> {
  if (typeof data !== "string") throw new TypeError("a file's data is no base64");
  return Uint8Array.fromBase64(data);
}

/** The folders of an endpoint, if they are there and this host may use them. */
export function usableFolders(folders: ScratchFolders | undefined): ScratchFolders | undefined {
  if (folders === undefined || !isUsable(folders.disk)) return undefined;
  return { disk: folders.disk, memory: folders.memory !== undefined && isUsable(folders.memory) ? folders.memory : undefined };
}

function isUsable(path: string): boolean {
  try {
    if ((["read", "write"] as const).some((name) => Deno.permissions.querySync({ name, path }).state !== "granted")) return false;
    return Deno.lstatSync(path).isDirectory;
  } catch {
    return false;
  }
}
