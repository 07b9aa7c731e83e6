/**
 * What becomes a file, as it is in the moment in which a call is made.
 *
 * @module
 */
import { contentOf, type FileContent, isBytes, isFileValue } from "../protocol/file_values.ts";
import { isFileUrl } from "./call_files.ts";
import { FileResult, locationOf } from "./file_result.ts";
import { FileResultSync, locationOfSync } from "./file_result_sync.ts";
import { HeldFile } from "./held_file.ts";
import type { ResultLocation } from "./location.ts";
import { ContentFile } from "./ready_made.ts";

/**
 * Up to this many bytes are copied when a call is made, so that its caller may change them at once. More are read when the call is sent. By `deno task
 * bench blocking` the copy of 1 MiB takes a tenth to a third of the time of its call, that of 64 MiB as long as the call, or longer.
 */
const TAKEN_BYTES: number = 1024 * 1024;

/** A result of another thread's proxy. */
export class ResultElsewhere {
  /** Where its bytes are. */
  readonly location: ResultLocation;

  /** Nothing is opened yet. */
  constructor(location: ResultLocation) {
    this.location = location;
  }
}

/** What a plugin gave, and is given to another one. */
export type GivenResult = FileResult | FileResultSync | ResultElsewhere;

/** Whether an argument becomes the path of a file. */
export function becomesPath(value: object): boolean {
  return isFileValue(value) || isFileUrl(value) || isGivenResult(value);
}

/** Whether a value is what a plugin gave. */
export function isGivenResult(value: object): value is GivenResult {
  return value instanceof FileResult || value instanceof FileResultSync || value instanceof ResultElsewhere;
}

/**
 * Where the bytes of a result are.
 *
 * @throws {PluginStateError} When it has been disposed of.
 */
export function locationOfResult(result: GivenResult): ResultLocation {
  if (result instanceof ResultElsewhere) return result.location;
  return result instanceof FileResult ? locationOf(result) : locationOfSync(result);
}

/**
 * What is written in the place of a value when its call is sent. Objects that write themselves, streams, and blobs, which nobody changes, stay what they are.
 *
 * @returns What has to be disposed of in the end, when it is a {@linkcode HeldFile}.
 */
export function take(source: object): object {
  if (isGivenResult(source)) return HeldFile.open(locationOfResult(source));
  if (source instanceof HeldFile) return source.hold();
  if (isFileUrl(source)) return new URL(source);
  if (source instanceof ContentFile) return isWorthCopy(source.content.size) ? copyOfFile(source.content) : source;
  return isBytes(source) && isWorthCopy(source.byteLength) ? copyOfFile(contentOf(source)) : source;
}

function isWorthCopy(size = Infinity): boolean {
  return size <= TAKEN_BYTES;
}

/** With memory of its own. An array is not made anew, for its class may be the caller's, and take what it likes. */
function copyOfFile({ parts, ...content }: FileContent): ContentFile {
  return new ContentFile({ ...content, parts: Array.isArray(parts) ? parts.map((part: Uint8Array) => new Uint8Array(part)) : parts });
}
