/**
 * Ready-made file-backed arguments: bytes, pictures, arrays of numbers, sound.
 *
 * @module
 */
import {
  bytesOf,
  contentOf,
  type FileBackedDTO,
  type FileContent,
  type FileValue,
  npyContent,
  writeContent,
} from "../protocol/file_values.ts";
import { mediaTypeOf } from "../protocol/media_types.ts";
import { npyHeader, type NpyLayout, type TypedArray } from "../protocol/npy.ts";
import { type WavFormat, wavHeader, wavSamples } from "./wav.ts";

/** An argument whose bytes are known. */
export class ContentFile implements FileBackedDTO {
  /** What is written. */
  readonly content: FileContent;

  /** Makes an argument that becomes a file with this content. */
  constructor(content: FileContent) {
    this.content = content;
  }

  /** Writes the content to a new file in `dir`, and tells its path. */
  toTempFile(dir: string): Promise<string> {
    return writeContent(dir, this.content, () => {});
  }
}

/**
 * Bytes with a file name's extension, for a plugin that looks at it. Without one, bytes can be passed as they are.
 *
 * @param extension With or without its dot, for example `"mp4"`.
 */
export function bytesFile(source: Exclude<FileValue, FileBackedDTO>, extension: string): FileBackedDTO {
  const ending = extension === "" || extension.startsWith(".") ? extension : `.${extension}`;
  const raw = ArrayBuffer.isView(source) ? bytesOf(source) : source;
  return new ContentFile({ ...contentOf(raw), extension: ending, mediaType: mediaTypeOf(ending) });
}

/**
 * A picture as the bytes of a PNG or JPEG file.
 *
 * @throws {TypeError} When the bytes begin like neither.
 */
export function imageFile(bytes: Uint8Array): FileBackedDTO {
  const extension = IMAGES.find(([, start]) => start.every((byte, i) => bytes[i] === byte))?.[0];
  if (extension === undefined) throw new TypeError("These bytes are neither a PNG nor a JPEG picture");
  return bytesFile(bytes, extension);
}

const IMAGES: readonly (readonly [string, readonly number[]])[] = [
  [".png", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  [".jpg", [0xff, 0xd8, 0xff]],
];

/**
 * An array of numbers with a shape, as a `.npy` file: what `numpy.load(path, mmap_mode="r")` opens. A typed array without a shape, but for a
 * `Uint8Array`, which is bytes, can be passed as it is.
 *
 * @throws {RangeError} When the shape does not hold as many elements as there are.
 *
 * @example
 * ```ts
 * import { npyFile } from "@remote-plugin/proxy";
 *
 * const matrix = npyFile(new Float32Array([1, 2, 3, 4, 5, 6]), { shape: [2, 3] });
 * // await plugin.execute({ matrix }): the plugin gets a path
 * console.log(typeof matrix.toTempFile); // "function"
 * ```
 */
export function npyFile(data: TypedArray, layout: NpyLayout = {}): FileBackedDTO {
  return new ContentFile(npyContent(npyHeader(data, layout), bytesOf(data)));
}

/**
 * Sound as a WAV file: 16-bit integers stay what they are, floating-point samples between -1 and 1 become 32-bit floating-point ones.
 *
 * @param channels One array a channel, all of one length and kind.
 * @throws {RangeError} When there is no channel, they differ in length or kind, or the rate is none.
 */
export function wavFile(channels: readonly (Float32Array | Int16Array)[], format: WavFormat): FileBackedDTO {
  const samples = wavSamples(channels);
  const header = wavHeader(samples, channels.length, format);
  const size = header.length + samples.byteLength;
  return new ContentFile({ parts: [header, bytesOf(samples)], size, extension: ".wav", mediaType: "audio/wav" });
}
