/**
 * The files of a request while they come: they go from the client to the worker's scratch folder, and nowhere else in between.
 *
 * @module
 */
import { ContentFile } from "../../payload/ready_made.ts";
import type { FileContent } from "../../protocol/file_values.ts";
import { BYTES_MEDIA_TYPE } from "../../protocol/media_types.ts";
import { PartCutter, type PartLabel } from "../../protocol/parts.ts";
import { STEP_BYTES } from "./in_time.ts";
import type { Patience, Wait } from "./patience.ts";

/** A client sends nothing more, or too slowly. */
export class UploadError extends Error {
  override name = "UploadError";
}

const NOTHING: Uint8Array = new Uint8Array(0);

/** The bytes of a body. Its client is waited for only while somebody reads. */
export class ArrivingBytes implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #wait: Wait;
  #rest: Uint8Array = NOTHING;
  #isOver = false;
  /** How many had come when the client's time began anew. */
  #renewedAt = 0;
  /** How many have come. */
  count = 0;

  /** Reads a body. */
  constructor(body: ReadableStream<Uint8Array>, patience: Patience) {
    this.#reader = body.getReader();
    this.#wait = patience.begin(() => {
      this.#isOver = true;
      // What is waited for ends with it.
      this.#reader.cancel().catch(() => {});
    });
    this.#wait.pause();
  }

  /** Whether the client was waited for too long. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Some of them; `undefined` when there are no more. */
  async some(): Promise<Uint8Array | undefined> {
    if (this.#rest.length > 0) return this.#takeRest();
    this.#wait.resume();
    const { value } = await this.#reader.read().catch((cause) => {
      throw new UploadError("The client has left", { cause });
    });
    this.#wait.pause();
    if (this.#isOver) throw new UploadError("The client sends too slowly");
    this.count += value?.length ?? 0;
    if (this.count - this.#renewedAt >= STEP_BYTES) this.#renew();
    return value;
  }

  /** Takes back those that belong to what comes next. */
  giveBack(bytes: Uint8Array): void {
    this.#rest = bytes;
  }

  /** Nothing more is read. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#wait[Symbol.dispose]();
    await this.#reader.cancel().catch(() => {});
  }

  #renew(): void {
    this.#renewedAt = this.count;
    this.#wait.renew();
    this.#wait.pause();
  }

  #takeRest(): Uint8Array {
    const rest = this.#rest;
    this.#rest = NOTHING;
    return rest;
  }
}

/** The files that stand behind the JSON of a body. */
export class ArrivingParts {
  readonly #bytes: ArrivingBytes;
  readonly #labels: readonly PartLabel[];
  readonly #cutter: PartCutter;
  #next = 0;
  /** What stands for each of them among the arguments. */
  readonly files: readonly ContentFile[];

  /** Reads them when the call is sent, one after the other. */
  constructor(labels: readonly PartLabel[], bytes: ArrivingBytes) {
    this.#bytes = bytes;
    this.#labels = labels;
    this.#cutter = new PartCutter(labels.map(({ size }) => size));
    this.files = labels.map((label, at) => fileOf(label, { [Symbol.asyncIterator]: () => this.#pieces(at) }));
  }

  /**
   * All of them, read now: those of a configuration are wanted again when the worker has to be started anew.
   *
   * @param take Makes room for so many bytes in memory. False where there is none.
   */
  async gather(take: (bytes: number) => boolean): Promise<readonly ContentFile[]> {
    const files: ContentFile[] = [];
    for (const [at, label] of this.#labels.entries()) {
      const pieces: Uint8Array[] = [];
      for await (const piece of this.#pieces(at)) {
        if (!take(piece.length)) throw new UploadError("The bodies of other requests take all room");
        pieces.push(piece);
      }
      files.push(fileOf(label, pieces));
    }
    return files;
  }

  async *#pieces(part: number): AsyncGenerator<Uint8Array, void, void> {
    if (part < this.#next) throw new UploadError("It has been read for an earlier attempt. Send the call again");
    if (part > this.#next) throw new UploadError("The parts stand in another order than their places");
    this.#next++;
    let rest = NOTHING;
    for (let isLast = false; !isLast;) {
      const piece = this.#cutter.next(rest);
      if (piece === undefined) {
        rest = await this.#some();
        continue;
      }
      if (piece.bytes.length > 0) yield piece.bytes;
      ({ rest, isLast } = piece);
    }
    this.#bytes.giveBack(rest);
    if (this.#cutter.isDone && await this.#bytes.some() !== undefined) throw new UploadError("The body goes on behind its parts");
  }

  async #some(): Promise<Uint8Array> {
    const bytes = await this.#bytes.some();
    if (bytes === undefined) throw new UploadError("The body ended before its parts did");
    return bytes;
  }
}

function fileOf({ size, extension = "", media_type: mediaType = BYTES_MEDIA_TYPE }: PartLabel, parts: FileContent["parts"]): ContentFile {
  return new ContentFile({ parts, size, extension, mediaType });
}
