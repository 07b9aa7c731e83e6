/**
 * Arrow tables as files, both ways. It is a module of its own, so that only those who use tables load `apache-arrow`.
 *
 * @example
 * ```ts
 * import { tableFromArrays } from "apache-arrow";
 * import { arrowFile } from "@remote-plugin/proxy/arrow";
 *
 * const table = arrowFile(tableFromArrays({ id: Int32Array.of(1, 2), score: Float64Array.of(0.5, 0.25) }));
 * // await plugin.execute({ table }): the plugin opens the path that it gets by pyarrow.ipc.open_file
 * console.log(typeof table.toTempFile); // "function"
 * ```
 *
 * @module
 */
import { type Table, tableFromIPC, tableToIPC, type TypeMap } from "apache-arrow";
import type { FileBackedDTO } from "../protocol/file_values.ts";
import { messageOf } from "../protocol/text.ts";
import type { FileResult } from "./file_result.ts";
import type { FileResultSync } from "./file_result_sync.ts";
import { ContentFile } from "./ready_made.ts";

/** A table as a file of the Arrow IPC format, which `pyarrow.ipc.open_file(path)` opens, also memory-mapped. */
export function arrowFile<T extends TypeMap>(table: Table<T>): FileBackedDTO {
  const bytes = tableToIPC(table, "file");
  return new ContentFile({ parts: [bytes], size: bytes.length, extension: ".arrow", mediaType: "application/vnd.apache.arrow.file" });
}

/**
 * Reads a table that a plugin gave: one of pandas, polars or pyarrow, or a file or bytes in the file or in the stream form of Arrow IPC.
 *
 * @param result What the plugin gave. One of a blocking proxy is read at once.
 * @throws {PluginStateError} When the result has been disposed of.
 * @throws {TypeError} When it is no table, or has columns that `apache-arrow` cannot read.
 */
export function readArrow<T extends TypeMap>(result: FileResult): Promise<Table<T>>;
/** The same without `await`. */
export function readArrow<T extends TypeMap>(result: FileResultSync): Table<T>;
export function readArrow<T extends TypeMap>(result: FileResult | FileResultSync): Promise<Table<T>> | Table<T> {
  const read = (bytes: Uint8Array) => readTable<T>(bytes, result.mediaType);
  const bytes = result.bytes();
  return bytes instanceof Promise ? bytes.then(read) : read(bytes);
}

function readTable<T extends TypeMap>(bytes: Uint8Array, mediaType: string): Table<T> {
  // For much else `apache-arrow` gives an empty table.
  if (!isFile(bytes) && !isStream(bytes)) {
    throw new TypeError(
      `Cannot read a table: ${bytes.length} bytes of the type "${mediaType}" are neither a file nor a stream of Arrow IPC`,
    );
  }
  try {
    return tableFromIPC<T>(bytes);
  } catch (cause) {
    throw new TypeError(`Cannot read a table: ${messageOf(cause)}. Have the plugin give it with columns of other types`, { cause });
  }
}

const MAGIC = new TextEncoder().encode("ARROW1");

function isFile(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, at) => bytes[at] === byte);
}

/** A stream begins with a mark of four bytes and the length of its schema. */
function isStream(bytes: Uint8Array): boolean {
  return bytes.length > 8 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === 0xffff_ffff && bytes[7]! < 0x80;
}
