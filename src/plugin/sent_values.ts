/**
 * Arguments and results on their way between a blocking proxy and its thread. JSON goes as text, or as it is when it is small; what travels to the worker
 * as a file goes beside it, in memory that is handed over.
 *
 * @module
 */
import { messageOf } from "../protocol/text.ts";
import { CallError } from "../errors.ts";
import { FileResult } from "../payload/file_result.ts";
import { HeldFile } from "../payload/held_file.ts";
import type { ResultLocation } from "../payload/location.ts";
import { ContentFile } from "../payload/ready_made.ts";
import { isGivenResult, locationOfResult, ResultElsewhere } from "../payload/take.ts";
import { contentOf, type FileContent, isBytes } from "../protocol/file_values.ts";
import type { ValueTypes } from "../protocol/frames.ts";
import { type GivenFunction, nameOf } from "../protocol/functions.ts";
import { toPlace } from "../protocol/pointers.ts";
import { decodeValue } from "../protocol/decode_value.ts";
import { type EncodedValue, encodeValue, type FileSlot, fillSlot } from "../protocol/values.ts";
import { isSmallJson } from "../transport/blocking/small_json.ts";
import { type Operation, TakenBody, writeBody } from "./arguments.ts";
import type { OperationName } from "./failures.ts";

/** What becomes a file, as data. */
type SentSource = { readonly href: string } | { readonly content: SentContent } | { readonly blob: Blob } | {
  readonly location: ResultLocation;
};

/** Bytes without a view of them: Deno looks into all that passes between threads for ports, also into each element of an array. */
interface SentContent extends Omit<FileContent, "parts"> {
  readonly parts: readonly ArrayBuffer[];
}

/** The body of a request. */
export interface SentBody {
  /** The body that the wire would carry, as JSON. */
  readonly text?: string;
  /** What stands in it in the place of each of the sources. */
  readonly mark?: string;
  /** The same, where it is so small that it lies in the message as it is. */
  readonly small?: Readonly<Record<string, unknown>>;
  /** What becomes a file, in the order in which it stands in the text. */
  readonly sources?: readonly { readonly path: readonly string[]; readonly source: SentSource }[];
  /** The names of the functions in it. Default: none. */
  readonly functions?: readonly string[];
}

/** A result or a chunk. */
export interface SentValue {
  /** What is small JSON. */
  readonly value?: unknown;
  /** What is not, as JSON. */
  readonly text?: string;
  /** A piece of a file. */
  readonly bytes?: ArrayBuffer;
  readonly types?: ValueTypes;
  readonly files?: readonly SentFile[];
}

/** A file that a plugin gave, which stays with the thread. */
export interface SentFile {
  readonly path: readonly string[];
  readonly id: number;
  readonly size: number;
  readonly mediaType: string;
}

/** Which operation has the arguments, and whether its caller goes on before they are received. */
interface Sending extends OperationName {
  readonly isKept?: boolean;
}

/**
 * Makes arguments ready for the thread.
 *
 * @throws {CallError} For what becomes a file only while this thread runs on.
 */
export function sendBody({ value, slots, functions }: EncodedValue, { isKept, ...name }: Sending): SentBody {
  if (value === undefined) return {};
  if (slots === undefined && !isKept && isSmallJson(value)) {
    return { small: value as Record<string, unknown>, functions: functions?.map(nameOf) };
  }
  const sources = slots?.map((slot) => ({ path: slot.path, source: sendSource(slot, name) }));
  return { ...writeBody({ value, slots }, name), sources, functions: functions?.map(nameOf) };
}

/** The memory that goes along with arguments. */
export function memoryOf({ sources = [] }: SentBody): ArrayBuffer[] {
  return sources.flatMap(({ source }) => "content" in source ? source.content.parts : []);
}

/** Whether files of another plugin are in it, which somebody has to hold until they have been read. */
export function holdsFiles({ sources = [] }: SentBody): boolean {
  return sources.some(({ source }) => "location" in source);
}

/** The arguments of an operation, and their functions. Their text goes on to the worker as it is. */
export function receiveBody(endpoint: Operation["endpoint"], sent: SentBody, functions: readonly GivenFunction[]): TakenBody {
  const { text, mark = "", small, sources = [] } = sent;
  const slots = sources.map(({ path, source }) => ({ path, source: receiveSource(source) }));
  return TakenBody.received(endpoint, { text: small === undefined ? text : JSON.stringify(small), mark, slots, functions });
}

/** Makes a result ready for the other thread; `keep` numbers the files in it. */
export function sendValue(value: unknown, keep: (file: FileResult) => number): SentValue {
  if (isSmallJson(value)) return { value };
  const { value: plain, types, slots } = encodeValue(value, (part) => part instanceof FileResult);
  const text = JSON.stringify(plain);
  const files = slots?.map(({ path, source }) => {
    const { size, mediaType } = source as FileResult;
    return { path, id: keep(source as FileResult), size, mediaType };
  });
  return { text, types, files };
}

/** The result, with what `open` makes of its files in their places. */
export function receiveValue({ value, text, types, files = [] }: SentValue, open: (file: SentFile) => object): unknown {
  let received = text === undefined ? value : decodeValue(JSON.parse(text), types);
  for (const file of files) received = fillSlot(received, { path: file.path, source: file }, open(file));
  return received;
}

/** The memory of bytes, without what else may be in it. */
export function bareMemory(bytes: Uint8Array<ArrayBuffer>): ArrayBuffer {
  return bytes.length === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
}

function sendSource({ source, path }: FileSlot, name: OperationName): SentSource {
  try {
    const sent = sourceData(source);
    if (sent !== undefined) return sent;
  } catch (cause) {
    throw unsendable(path, `cannot become a file: ${messageOf(cause)}`, { ...name, cause });
  }
  const reason = "becomes a file by promises, for which a blocked thread cannot wait. Give bytes or a file URL, or use RemotePluginProxy";
  throw unsendable(path, reason, name);
}

function unsendable(
  path: FileSlot["path"],
  what: string,
  { plugin, member, cause }: OperationName & { readonly cause?: unknown },
): CallError {
  const message = `Cannot run "${member}" of "${plugin}": the value at "${toPlace(path)}" ${what}`;
  return new CallError("invalid_arguments", message, { plugin, cause });
}

function sourceData(source: object): SentSource | undefined {
  if (source instanceof URL) return { href: source.href };
  if (source instanceof Blob) return { blob: source };
  if (isGivenResult(source)) return locationData(locationOfResult(source));
  const content = source instanceof ContentFile ? source.content : isBytes(source) ? contentOf(source) : undefined;
  return content && copied(content);
}

function locationData(location: ResultLocation): SentSource | undefined {
  return "bytes" in location ? copied(HeldFile.open(location).content) : { location };
}

/** A copy, which is handed over. */
function copied({ parts, ...content }: FileContent): SentSource | undefined {
  if (!Array.isArray(parts)) return undefined;
  return { content: { ...content, parts: parts.map((part: Uint8Array) => part.slice().buffer as ArrayBuffer) } };
}

function receiveSource(source: SentSource): object {
  if ("href" in source) return new URL(source.href);
  if ("blob" in source) return source.blob;
  if ("location" in source) return new ResultElsewhere(source.location);
  return new ContentFile({ ...source.content, parts: source.content.parts.map((part) => new Uint8Array(part)) });
}
