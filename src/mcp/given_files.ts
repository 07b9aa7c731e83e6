/**
 * Files that a plugin gives, as content of a tool's result.
 *
 * @module
 */
import { basename, join, resolve, toFileUrl } from "@std/path";
import type { ContentBlock } from "@modelcontextprotocol/server";
import type { FileResult } from "../payload/file_result.ts";
import { extensionOf } from "../protocol/media_types.ts";
import { type WrittenArray, writtenArray } from "./given_array.ts";

/** Where files go. */
export interface GivenFilesOptions {
  /** The folder to which they are copied, if there is one. */
  readonly folder?: string | undefined;
  /** What to do about a file that has no room, as a sentence. */
  readonly largeFileAdvice: string;
  /** Takes so many bytes of what a result may have. False when there are not so many left. */
  readonly reserve: (bytes: number) => boolean;
}

/** What stands in a value for a file. */
export interface FilePlace extends Partial<WrittenArray> {
  readonly media_type: string;
  readonly size: number;
  readonly content?: number;
  readonly uri?: string;
}

/** The files of one result. */
export class GivenFiles {
  /** Their blocks of content, which stand behind the text of the result. */
  readonly blocks: ContentBlock[] = [];
  readonly #options: GivenFilesOptions;

  /** Has none yet. */
  constructor(options: GivenFilesOptions) {
    this.#options = options;
  }

  /** Takes a file over: copies it, makes content of it, and removes it. One that is dropped is removed alone. */
  async take(file: FileResult, isDropped: boolean): Promise<FilePlace> {
    await using _file = file;
    const { mediaType: media_type, size } = file;
    if (isDropped) return { media_type, size };
    const copy = await this.#copy(file);
    const array = await writtenArray(file);
    if (array !== undefined) return { media_type, size, ...array, ...copy === undefined ? {} : { uri: copy.uri } };
    const content = await this.#content(file, copy !== undefined);
    if (content === undefined && copy === undefined) {
      this.blocks.push({ type: "text", text: `${tooLarge(file)}. ${this.#options.largeFileAdvice}` });
    }
    return { media_type, size, ...content === undefined ? {} : { content }, ...copy === undefined ? {} : { uri: copy.uri } };
  }

  async #copy(file: FileResult): Promise<Extract<ContentBlock, { type: "resource_link" }> | undefined> {
    const { folder } = this.#options;
    if (folder === undefined) return undefined;
    const path = await copyTo(resolve(folder), file);
    const link = {
      type: "resource_link",
      uri: toFileUrl(path).href,
      name: basename(path),
      mimeType: file.mediaType,
      size: file.size,
    } as const;
    this.blocks.push(link);
    return link;
  }

  /** Which block has the bytes; `undefined` when none has. What is neither seen nor heard needs no content beside its copy. */
  async #content(file: FileResult, isCopied: boolean): Promise<number | undefined> {
    const isShown = /^(image|audio)\//.test(file.mediaType);
    if (isCopied && !isShown || !this.#options.reserve(base64Length(file.size))) return undefined;
    const number = this.blocks.push(block(file, await file.bytes(), this.blocks.length + 1));
    return number;
  }
}

function block({ mediaType: mimeType }: FileResult, bytes: Uint8Array, number: number): ContentBlock {
  if (/^image\/(?!svg)/.test(mimeType)) return { type: "image", data: bytes.toBase64(), mimeType };
  if (mimeType.startsWith("audio/")) return { type: "audio", data: bytes.toBase64(), mimeType };
  const uri = `plugin-file:///${number}${extensionOf(mimeType)}`;
  const text = isText(mimeType) ? utf8(bytes) : undefined;
  return { type: "resource", resource: text === undefined ? { uri, mimeType, blob: bytes.toBase64() } : { uri, mimeType, text } };
}

function isText(mediaType: string): boolean {
  return mediaType.startsWith("text/") || mediaType === "application/json" || mediaType === "image/svg+xml";
}

/** The text that bytes are; `undefined` when they are none. */
function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Copies a file under a name that no other one there has. */
async function copyTo(folder: string, file: FileResult): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const path = join(folder, `${crypto.randomUUID()}${extensionOf(file.mediaType)}`);
  await Deno.writeFile(path, file.stream(), { createNew: true });
  return path;
}

function base64Length(bytes: number): number {
  return 4 * Math.ceil(bytes / 3);
}

function tooLarge({ size, mediaType }: FileResult): string {
  return `A file of ${size} bytes (${mediaType}) is more than the result has room for`;
}
