/**
 * What a plugin gives, as the result of a tool.
 *
 * @module
 */
import type { CallToolResult, ContentBlock } from "@modelcontextprotocol/server";
import { checkWithin } from "../manager/bounded_check.ts";
import { FileResult } from "../payload/file_result.ts";
import type { JsonSchema } from "../plugin/type_schema.ts";
import { decodeValue } from "../protocol/decode_value.ts";
import { encodeValue, fillSlot } from "../protocol/values.ts";
import { GivenFiles } from "./given_files.ts";

/** The most bytes that the content of a result may have. The official clients take messages of 10 MB. */
const MAX_RESULT_BYTES = 8 * 1024 * 1024;

/** How a result is made. */
export interface ToolResultOptions {
  /** The schema that was told of it, if one was. */
  readonly output: JsonSchema | undefined;
  /** The folder to which files are copied. Default: they are content alone. */
  readonly folder?: string | undefined;
  /** What to do about a file for which the result has no room, as a sentence. */
  readonly largeFileAdvice: string;
}

/** Takes what a plugin gives, all at once or piece by piece. */
export class ToolResult {
  readonly #output: JsonSchema | undefined;
  readonly #files: GivenFiles;
  #left = MAX_RESULT_BYTES;

  /** Takes nothing yet. */
  constructor({ output, ...options }: ToolResultOptions) {
    this.#output = output;
    this.#files = new GivenFiles({ ...options, reserve: (bytes) => this.#reserve(bytes) });
  }

  /** How many bytes of content there are. */
  get bytes(): number {
    return MAX_RESULT_BYTES - this.#left;
  }

  /** The result of a call. */
  async of(value: unknown): Promise<CallToolResult> {
    const isStructured = this.#output !== undefined;
    if (typeof value === "string" && !isStructured) return { content: [textBlock(this.#fitting(value))] };
    const json = await this.#json(value);
    // An array that is written out is no block.
    const { blocks } = this.#files;
    if (value instanceof FileResult && !isStructured && blocks.length > 0) return { content: blocks };
    if (!this.#reserve(wireBytes(json) + bytesOf(json))) return failure(tooLong(bytesOf(json)));
    return await this.#structured(typeof value === "string" ? value : json, json);
  }

  /**
   * The result of a stream: a line for each chunk, and the list of them.
   *
   * @param onChunk Is told of each as it comes, with its line.
   */
  async ofStream(chunks: AsyncIterable<unknown>, onChunk: (line: string) => void): Promise<CallToolResult> {
    const items: string[] = [];
    const lines: string[] = [];
    let count = 0;
    for await (const chunk of chunks) {
      const isFull = items.length < count++;
      const json = await this.#json(chunk, isFull);
      const line = typeof chunk === "string" ? chunk : json;
      onChunk(line);
      if (isFull || !this.#reserve(wireBytes(line) + bytesOf(json) + 2)) continue;
      items.push(json);
      lines.push(line);
    }
    const result = await this.#structured(lines.join("\n"), `[${items.join(",")}]`);
    if (items.length === count) return result;
    const cut = `Of ${count} chunks these are the first ${items.length}: a result may have ${MAX_RESULT_BYTES} bytes`;
    return { ...result, content: [...result.content, textBlock(cut)] };
  }

  async #structured(text: string, json: string): Promise<CallToolResult> {
    const content = [textBlock(text), ...this.#files.blocks];
    const problems = this.#output === undefined ? [] : (await checkWithin(this.#output, json))?.problems ?? [];
    if (problems.length === 0) return { content, structuredContent: JSON.parse(json) };
    // A client refuses a structured result that is none: it gets what there is, and is told.
    const mismatch = `The plugin gave something else than it says that it gives: ${problems.join("; ")}`;
    return { content: [...content, textBlock(mismatch)], isError: true };
  }

  /** A value as JSON, with what stands for its files, which become content. */
  async #json(value: unknown, isDropped = false): Promise<string> {
    const { value: encoded, types, slots = [] } = encodeValue(value ?? null, (part) => part instanceof FileResult);
    let filled = decodeValue(encoded, types);
    for (const slot of slots) filled = fillSlot(filled, slot, await this.#files.take(slot.source as FileResult, isDropped));
    return JSON.stringify(filled, lackingAsText);
  }

  #reserve(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  /** As much of a text as may be sent. */
  #fitting(text: string): string {
    if (this.#reserve(wireBytes(text))) return text;
    const note = `\n[The first part of ${bytesOf(text)} bytes, of which a result may have ${MAX_RESULT_BYTES}]`;
    let part = text.slice(0, this.#left - note.length);
    for (let bytes = wireBytes(part); bytes > this.#left - note.length; bytes = wireBytes(part)) {
      part = part.slice(0, Math.floor(part.length * (this.#left - note.length) / bytes));
    }
    return part.toWellFormed() + note;
  }
}

/** A result that says what went wrong, for whoever has called to do better. */
export function failure(text: string): CallToolResult {
  return { content: [textBlock(text)], isError: true };
}

function tooLong(bytes: number): string {
  return `The result has ${bytes} bytes as JSON, and a tool's result may have ${MAX_RESULT_BYTES} with all copies. Ask for less`;
}

function textBlock(text: string): ContentBlock {
  return { type: "text", text };
}

/** JSON has no NaN and no infinity: a text stands for each. */
function lackingAsText(_: string, part: unknown): unknown {
  return typeof part === "number" && !Number.isFinite(part) ? String(part) : part;
}

const encoder = new TextEncoder();

function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** The bytes of a text in the JSON of a message. */
function wireBytes(text: string): number {
  return bytesOf(JSON.stringify(text));
}
