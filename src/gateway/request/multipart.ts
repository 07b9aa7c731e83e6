/**
 * Bodies of the media type `multipart/form-data`, read as they come: files go to disk.
 *
 * @module
 */
import { Busboy, type BusboyFileStream, type BusboyInstance } from "@fastify/busboy";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BYTES_MEDIA_TYPE } from "../../protocol/media_types.ts";
import { messageOf } from "../../protocol/text.ts";
import { FormError, type FormField } from "./form.ts";
import { SlowBodyError } from "./arriving_bytes.ts";
import type { Uploads } from "./uploads.ts";

/** A form of more parts is none that anybody fills. */
const MAX_PARTS = 1_000;

/** Texts are kept in memory. What is longer goes as a file. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** A form on its way. */
export interface FormSource {
  /** Its bytes, as they come. */
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Its `Content-Type`, which says where its parts end. */
  readonly contentType: string;
}

/**
 * Reads a form. Its files are on disk when this resolves.
 *
 * @throws {FormError} When it is none, or too long.
 * @throws {NoRoomError} When there is no place for its files.
 */
export async function readMultipart({ pieces, contentType }: FormSource, uploads: Uploads): Promise<FormField[]> {
  const form = new FormReader(parserFor(contentType), uploads);
  return await form.read(pieces);
}

function parserFor(contentType: string): BusboyInstance {
  const limits = { fieldSize: MAX_TEXT_BYTES, parts: MAX_PARTS };
  try {
    return new Busboy({ headers: { "content-type": contentType }, limits, isPartAFile });
  } catch (cause) {
    throw new FormError(`The form cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** A browser sends a value of JSON as a file that nobody has named. */
function isPartAFile(_name: string | undefined, mediaType: string | undefined, filename: string | undefined): boolean {
  if (mediaType === "application/json" && filename === "blob") return false;
  return filename !== undefined || mediaType === BYTES_MEDIA_TYPE;
}

class FormReader {
  readonly #parser: BusboyInstance;
  readonly #uploads: Uploads;
  readonly #stop = new AbortController();
  readonly #texts: FormField[] = [];
  readonly #files: Promise<FormField | undefined>[] = [];
  readonly #streams = new Set<BusboyFileStream>();
  #textBytes = 0;

  constructor(parser: BusboyInstance, uploads: Uploads) {
    this.#parser = parser;
    this.#uploads = uploads;
    parser.on("field", (name, value, _, isCut, __, mediaType) => this.#takeText({ name, value, mediaType }, isCut));
    parser.on("file", (name, stream, filename, _, mediaType) => this.#takeFile(stream, { name, filename, mediaType }));
    parser.on("partsLimit", () => this.#fail(`The form has more than ${MAX_PARTS} parts`));
  }

  async read(pieces: AsyncIterable<Uint8Array>): Promise<FormField[]> {
    try {
      await pipeline(Readable.from(this.#watched(pieces)), this.#parser, { signal: this.#stop.signal });
      const files = await Promise.all(this.#files);
      return [...this.#texts, ...files.filter((file) => file !== undefined)];
    } catch (cause) {
      // Whoever reads a file whose end does not come would wait for ever.
      for (const stream of this.#streams) stream.destroy();
      await Promise.allSettled(this.#files);
      throw this.#stop.signal.aborted ? this.#stop.signal.reason : notWhole(cause);
    }
  }

  /** When the body fails, all else fails after it, and it is what is told. */
  async *#watched(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* pieces;
    } catch (cause) {
      this.#stop.abort(cause instanceof SlowBodyError ? cause : notWhole(cause));
    }
  }

  #takeText(field: FormField, isCut: boolean): void {
    this.#textBytes += field.value.toString().length;
    if (isCut || this.#textBytes > MAX_TEXT_BYTES) {
      return this.#fail(`The form's texts are longer than ${MAX_TEXT_BYTES} bytes. Give long ones as files`);
    }
    if (isNamed(field)) this.#texts.push(field);
    else this.#fail("A part of the form has no name");
  }

  #takeFile(stream: BusboyFileStream, facts: UploadedPart): void {
    // An error of it comes to whoever reads it, and without this to the whole program.
    stream.on("error", () => {});
    this.#streams.add(stream);
    const file = this.#receive(stream, facts);
    // What fails while the form still comes ends the reading of it.
    file.catch((error) => this.#stop.abort(error));
    this.#files.push(file);
  }

  /** A browser sends a file without a name and without bytes where none was chosen. */
  async #receive(stream: BusboyFileStream, { name, filename, mediaType }: UploadedPart): Promise<FormField | undefined> {
    if (!isNamed({ name })) throw new FormError("A part of the form has no name");
    const value = await this.#uploads.receive(piecesOf(stream), { filename, mediaType });
    this.#streams.delete(stream);
    return filename === "" && value.size === 0 ? undefined : { name, value, mediaType };
  }

  #fail(message: string): void {
    this.#stop.abort(new FormError(message));
  }
}

/** The same pieces; an error of their source is told from those of writing them. */
async function* piecesOf(stream: BusboyFileStream): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* stream;
  } catch (cause) {
    throw notWhole(cause);
  }
}

function notWhole(cause: unknown): FormError {
  return new FormError("The form ended before its last part did, or is none", { cause });
}

interface UploadedPart {
  readonly name: string;
  readonly filename: string | undefined;
  readonly mediaType: string;
}

function isNamed({ name }: { readonly name: string | undefined }): boolean {
  return name !== undefined && name !== "";
}
