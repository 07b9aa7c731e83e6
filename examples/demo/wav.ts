/**
 * Reads 16-bit PCM from a WAV file piece by piece, as Python's `wave` does.
 *
 * @module
 */

/** A WAV file that is open for reading. */
export class WavFile implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #channels: number;
  #framesLeft: number;
  /** Samples a second. */
  readonly rate: number;
  /** How many samples each channel has. */
  readonly length: number;

  private constructor(file: Deno.FsFile, { channels, rate, length }: Format) {
    this.#file = file;
    this.#channels = channels;
    this.#framesLeft = length;
    this.rate = rate;
    this.length = length;
  }

  /**
   * Opens a file and reads its header.
   *
   * @throws {TypeError} When the file is no WAV file of 16-bit PCM.
   */
  static async open(path: string | URL): Promise<WavFile> {
    const file = await Deno.open(path);
    try {
      return new WavFile(file, await readFormat(file));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** The next samples, at most `count`, between -1 and 1, all channels mixed into one. At the end of the file there are none. */
  async read(count: number): Promise<Float64Array> {
    const bytes = await readUpTo(this.#file, Math.min(count, this.#framesLeft) * this.#channels * 2);
    const mixed = new Float64Array(Math.floor(bytes.length / 2 / this.#channels));
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < mixed.length * this.#channels; i++) {
      mixed[Math.floor(i / this.#channels)]! += view.getInt16(i * 2, true) / (32_768 * this.#channels);
    }
    this.#framesLeft -= mixed.length;
    return mixed;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

interface Format {
  readonly channels: number;
  readonly rate: number;
  readonly length: number;
}

/** Walks the chunks up to `data`, and leaves the file at the first sample. */
async function readFormat(file: Deno.FsFile): Promise<Format> {
  const riff = await readUpTo(file, 12);
  if (text(riff, 0) !== "RIFF" || text(riff, 8) !== "WAVE") throw new TypeError("This is no WAV file");
  let format: DataView | undefined;
  for (;;) {
    const head = await readUpTo(file, 8);
    if (head.length < 8) throw new TypeError("The WAV file ends before its samples");
    const size = new DataView(head.buffer).getUint32(4, true);
    if (text(head, 0) === "data") return describe(format, size);
    const body = await readUpTo(file, size + size % 2); // chunks start at even places
    if (text(head, 0) === "fmt " && body.length >= 16) format = new DataView(body.buffer);
  }
}

function describe(format: DataView | undefined, size: number): Format {
  if (format === undefined) throw new TypeError("The WAV file does not say what its samples are");
  const bits = format.getUint16(14, true);
  if (format.getUint16(0, true) !== 1 || bits !== 16) throw new TypeError(`The recording has ${bits} bits, only 16-bit PCM can be read`);
  const channels = format.getUint16(2, true);
  return { channels, rate: format.getUint32(4, true), length: Math.floor(size / 2 / channels) };
}

/** Reads fewer bytes only at the end of the file. */
async function readUpTo(file: Deno.FsFile, count: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(count);
  let filled = 0;
  while (filled < count) {
    const read = await file.read(bytes.subarray(filled));
    if (read === null) return bytes.slice(0, filled);
    filled += read;
  }
  return bytes;
}

function text(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
