/**
 * Results that are files, or hold some.
 *
 * @module
 */
import { join } from "@std/path";
import { FileResult } from "../../payload/file_result.ts";
import { encodeValue, fillSlot } from "../../protocol/values.ts";
import { extensionOf } from "../../protocol/media_types.ts";
import type { Terminal } from "./terminal.ts";

/** How results are written. */
export interface OutputOptions {
  /** Where files are copied to; `undefined` for nowhere. */
  readonly folder?: string | undefined;
  /** Whether they are the chunks of a stream, of which each is a line where it is short. */
  readonly isStream?: boolean | undefined;
}

/** Writes what a plugin gives. Its files are gone when the program ends, so that they are copied, or written out. */
export class FileOutput {
  readonly #terminal: Terminal;
  readonly #folder: string | undefined;
  readonly #isStream: boolean;
  #number = 0;

  /** Copies files to a folder, if there is one. */
  constructor(terminal: Terminal, { folder, isStream = false }: OutputOptions) {
    this.#terminal = terminal;
    this.#folder = folder;
    this.#isStream = isStream;
  }

  /**
   * Writes a result. A file alone is written as it is where nobody looks on. Elsewhere its path stands in its place when it was copied, and else its
   * size and type.
   */
  async write(value: unknown): Promise<void> {
    const terminal = this.#terminal;
    const isRaw = value instanceof FileResult && this.#folder === undefined && !terminal.json && !Deno.stdout.isTerminal();
    if (isRaw) return await value.stream().pipeTo(Deno.stdout.writable, { preventClose: true });
    const { value: encoded, slots = [] } = encodeValue(value, (part) => part instanceof FileResult);
    if (slots.length === 0) return this.#show(value);
    let filled: unknown = encoded;
    for (const slot of slots) filled = fillSlot(filled, slot, await this.#place(slot.source as FileResult));
    this.#show(filled);
    if (this.#folder === undefined) terminal.note("Its files are not kept. Give --save FOLDER for copies of them");
  }

  #show(value: unknown): void {
    if (this.#isStream) this.#terminal.chunk(value);
    else this.#terminal.result(value);
  }

  async #place(file: FileResult): Promise<unknown> {
    await using _file = file;
    if (this.#folder === undefined) return { size: file.size, media_type: file.mediaType };
    await Deno.mkdir(this.#folder, { recursive: true });
    const path = join(this.#folder, `${++this.#number}${extensionOf(file.mediaType)}`);
    await Deno.writeFile(path, file.stream());
    return path;
  }
}
