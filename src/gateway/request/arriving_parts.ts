/**
 * The files of a request while they come: they go from the client to the worker's scratch folder, and nowhere else in between.
 *
 * @module
 */
import { ContentFile } from "../../payload/ready_made.ts";
import type { FileContent } from "../../protocol/file_values.ts";
import { BYTES_MEDIA_TYPE } from "../../protocol/media_types.ts";
import { PartCutter, type PartLabel } from "../../protocol/parts.ts";
import { type ArrivingBytes, UploadError } from "./arriving_bytes.ts";

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
    let rest: Uint8Array = new Uint8Array(0);
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
