/**
 * Arguments and results on their way between a blocking proxy and its thread. JSON goes as text or as it is; what travels to the worker as a file goes
 * beside it.
 *
 * @module
 */
import { CallError } from "../errors.ts";
import { FileResult } from "../payload/file_result.ts";
import { ContentFile } from "../payload/ready_made.ts";
import { bytesOf, type FileContent } from "../protocol/file_values.ts";
import type { ValueTypes } from "../protocol/frames.ts";
import { decodeValue, type EncodedValue, encodeValue, type FileSlot, fillSlot, toPlace } from "../protocol/values.ts";
import { isSmallJson } from "../transport/small_json.ts";
import type { OperationName } from "./_open_call.ts";

/** What becomes a file, as data. */
type SentSource = { readonly href: string } | { readonly content: FileContent } | { readonly value: object };

/** The body of a request. */
export interface SentBody {
  /** The body that the wire would carry, as JSON. */
  readonly text?: string;
  /** The same, where it is so small that it lies in the message as it is. */
  readonly small?: Readonly<Record<string, unknown>>;
  /** What its empty places are filled with. */
  readonly sources?: readonly { readonly path: readonly string[]; readonly source: SentSource }[];
}

/** A result or a chunk. */
export interface SentValue {
  readonly value: unknown;
  readonly types?: ValueTypes;
  readonly files?: readonly SentFile[];
  /** Whether it is not small JSON. */
  readonly isLarge?: true;
}

/** A file that a plugin gave, which stays with the thread. */
export interface SentFile {
  readonly path: readonly string[];
  readonly id: number;
  readonly size: number;
  readonly mediaType: string;
}

/**
 * Makes arguments ready for the thread.
 *
 * @throws {CallError} For what becomes a file only while this thread runs on.
 */
export function sendBody({ value, slots }: EncodedValue, name: OperationName): SentBody {
  if (value === undefined) return {};
  if (slots === undefined && isSmallJson(value)) return { small: value as Record<string, unknown> };
  return { text: JSON.stringify(value), sources: slots?.map((slot) => ({ path: slot.path, source: sendSource(slot, name) })) };
}

/** The arguments as they were given. */
export function receiveBody({ text, small = {}, sources = [] }: SentBody): Readonly<Record<string, unknown>> {
  if (text === undefined) return small;
  const body = JSON.parse(text);
  for (const { path, source } of sources) fillSlot(body, { path, source }, receiveSource(source));
  return body;
}

/** Makes a result ready for the other thread; `keep` numbers the files in it. */
export function sendValue(value: unknown, keep: (file: FileResult) => number): SentValue {
  if (isSmallJson(value)) return { value };
  const { value: plain, types, slots } = encodeValue(value, (part) => part instanceof FileResult);
  if (slots === undefined) return { value, isLarge: true };
  const files = slots.map(({ path, source }) => {
    const { size, mediaType } = source as FileResult;
    return { path, id: keep(source as FileResult), size, mediaType };
  });
  return { value: plain, types, files, isLarge: true };
}

/** The result, with what `open` makes of its files in their places. */
export function receiveValue({ value, types, files = [] }: SentValue, open: (file: SentFile) => object): unknown {
  let received = decodeValue(value, types);
  for (const file of files) received = fillSlot(received, { path: file.path, source: file }, open(file));
  return received;
}

function sendSource({ source, path }: FileSlot, { plugin, member }: OperationName): SentSource {
  if (source instanceof URL) return { href: source.href };
  if (source instanceof ContentFile && Array.isArray(source.content.parts)) {
    return { content: { ...source.content, parts: source.content.parts.map((part) => trimmed(part)) } };
  }
  if (ArrayBuffer.isView(source)) return { value: trimmed(source) };
  if (source instanceof ArrayBuffer || source instanceof SharedArrayBuffer || source instanceof Blob) return { value: source };
  const message =
    `Cannot run "${member}" of "${plugin}": the value at "${toPlace(path)}" becomes a file by promises, for which a blocked thread ` +
    `cannot wait. Give bytes or a file URL, or use RemotePluginProxy`;
  throw new CallError("invalid_arguments", message, { plugin });
}

function receiveSource(source: SentSource): object {
  if ("href" in source) return new URL(source.href);
  return "content" in source ? new ContentFile(source.content) : source.value;
}

/** A view takes all of its memory along; only what it shows is wanted. */
function trimmed<View extends ArrayBufferView>(view: View): View {
  if (view.byteLength === view.buffer.byteLength) return view;
  const { buffer } = bytesOf(view).slice();
  if (view instanceof Uint8Array) return new Uint8Array(buffer) as ArrayBufferView as View;
  return new (view.constructor as new (memory: ArrayBufferLike) => View)(buffer);
}
