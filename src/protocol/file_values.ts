/**
 * Values that travel as files, section 7 of `docs/protocol.md`: which they are, and how they become one.
 *
 * @module
 */
import { BYTES_MEDIA_TYPE, NPY_MEDIA_TYPE } from "./media_types.ts";
import { npyHeader, type TypedArray } from "./npy.ts";

/**
 * An object that can write itself to a file. Anywhere in the arguments or the configuration of a plugin, the plugin gets the path of that
 * file in its place; in the result of a Deno plugin, the host gets the file.
 */
export interface FileBackedDTO {
  /** Writes a file and tells its path. One in `dir` is removed when its time is over; any other file is left alone. */
  toTempFile(dir: string): Promise<string>;
}

/** What is written to a file as it is: bytes, or an array of numbers as `.npy`. */
export type FileValue = ArrayBufferLike | ArrayBufferView | Blob | ReadableStream<Uint8Array> | FileBackedDTO;

/** The bytes of a file that is to be written. */
export interface FileContent {
  readonly parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** How many bytes they are; `undefined` when that is not known before they have come. */
  readonly size: number | undefined;
  /** With its dot, or empty. */
  readonly extension: string;
  readonly mediaType: string;
}

/** The value that stands in a file's place on the wire. */
export interface FileReference {
  /** The file, in one of the worker's scratch folders. */
  readonly path: string;
  readonly size: number;
  readonly media_type: string;
}

/** The value that stands in the place of bytes which travel inside the JSON. */
export interface InlineFile {
  /** The bytes in base64. */
  readonly data: string;
  readonly size: number;
  readonly media_type: string;
}

/** Up to this many bytes of a result travel inside the JSON: below it base64 takes less time than a file. Measured by `bench/payload_bench.ts`. */
export const INLINE_BYTES: number = 64 * 1024;

/** The most bytes that are read or written at once: no system moves more than 2 GiB less a page, and some refuse more. */
export const MOST_BYTES_AT_ONCE: number = 2 ** 30;

/** Whether a value travels as a file. Plain objects, which are most, are told by one look. */
export function isFileValue(value: object): value is FileValue {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Array.prototype || prototype === null) return false;
  if (prototype !== Object.prototype && (isBytes(value) || value instanceof Blob || value instanceof ReadableStream)) return true;
  return isFileBacked(value);
}

/** Whether an object can write itself to a file. */
export function isFileBacked(value: object): value is FileBackedDTO {
  return "toTempFile" in value && typeof value.toTempFile === "function";
}

/** What is to be written for a value that does not write itself. */
export function contentOf(value: Exclude<FileValue, FileBackedDTO>): FileContent {
  if (value instanceof Blob) {
    const extension = "name" in value ? /\.\w{1,16}$/.exec(String(value.name))?.[0] ?? "" : "";
    return { parts: value.stream(), size: value.size, extension, mediaType: value.type || BYTES_MEDIA_TYPE };
  }
  if (value instanceof ReadableStream) return { parts: value, size: undefined, extension: ".bin", mediaType: BYTES_MEDIA_TYPE };
  const bytes = ArrayBuffer.isView(value) ? bytesOf(value) : new Uint8Array(value);
  if (!isNumbers(value)) return { parts: [bytes], size: bytes.length, extension: ".bin", mediaType: BYTES_MEDIA_TYPE };
  return npyContent(npyHeader(value), bytes);
}

/** A `.npy` file of a header and the array's bytes. */
export function npyContent(header: Uint8Array, bytes: Uint8Array): FileContent {
  return { parts: [header, bytes], size: header.length + bytes.length, extension: ".npy", mediaType: NPY_MEDIA_TYPE };
}

/** The memory of a typed array, not copied. */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/**
 * Writes a file of its own into a folder. Nothing is left of one that cannot be finished.
 *
 * @param reserve Called with the number of bytes before they are written; throws when there is no place for them.
 * @returns Its path.
 */
export async function writeContent(dir: string, content: FileContent, reserve: (bytes: number) => void): Promise<string> {
  const path = await Deno.makeTempFile({ dir, suffix: content.extension });
  try {
    using file = await Deno.open(path, { write: true });
    await writeParts(file, content, reserve);
    return path;
  } catch (error) {
    await Deno.remove(path).catch(() => {}); // It is gone already, with its folder.
    throw error;
  }
}

/** Writes the bytes of a content to an open file. */
export async function writeParts(file: Deno.FsFile, { parts }: FileContent, reserve: (bytes: number) => void): Promise<void> {
  for await (const part of parts) {
    if (!ArrayBuffer.isView(part)) throw new TypeError("A stream that becomes a file must give bytes");
    reserve(part.byteLength);
    for (let rest = bytesOf(part); rest.length > 0;) rest = rest.subarray(await write(file, rest));
  }
}

function write(file: Deno.FsFile, bytes: Uint8Array): number | Promise<number> {
  return bytes.length <= FEW_BYTES ? file.writeSync(bytes) : file.write(bytes.subarray(0, MOST_BYTES_AT_ONCE));
}

/** Up to here it takes longer to go to another thread and back than to read or write. */
export const FEW_BYTES: number = 64 * 1024;

/** The folder in a worker's scratch folder in which the host makes the folders of inputs. */
export const INPUTS_FOLDER = "in";

/** The folder in a Deno worker's scratch folder in which it makes the folders of results. */
export const RESULTS_FOLDER = "out";

/** Whether an error says that the file system is full. */
export function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}

/** The content as it travels inside the JSON. */
export async function inlineFile({ parts, mediaType }: FileContent): Promise<InlineFile> {
  const blob = new Blob(await Array.fromAsync(parts as AsyncIterable<Uint8Array<ArrayBuffer>>));
  const bytes = await blob.bytes();
  return { data: bytes.toBase64(), size: bytes.length, media_type: mediaType };
}

/** Whether a value is bytes in memory, or an array of numbers. */
export function isBytes(value: object): value is ArrayBufferLike | ArrayBufferView {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
}

/** Bytes are bytes; every other typed array is an array of numbers. */
function isNumbers(value: object): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && !(value instanceof Uint8Array);
}
