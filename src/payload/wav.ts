/**
 * The header and the samples of WAV files.
 *
 * @module
 */

/** How sound is to be played. */
export interface WavFormat {
  /** Samples a second of each channel. */
  readonly sampleRate: number;
}

const PCM = 1;
const FLOAT = 3;
const HEADER_BYTES = 44;

/** The channels' samples, one of each in turn; a single channel is not copied. */
export function wavSamples(channels: readonly (Float32Array | Int16Array)[]): Float32Array | Int16Array {
  const [first, ...others] = channels;
  if (first === undefined) throw new RangeError("A recording needs a channel");
  if (others.some((other) => other.length !== first.length || other.constructor !== first.constructor)) {
    throw new RangeError("The channels of a recording must have the same length and kind");
  }
  if (others.length === 0) return first;
  const samples = first instanceof Int16Array
    ? new Int16Array(first.length * channels.length)
    : new Float32Array(first.length * channels.length);
  channels.forEach((channel, offset) => {
    for (let i = 0, at = offset; i < channel.length; i++, at += channels.length) samples[at] = channel[i]!;
  });
  return samples;
}

/** The first 44 bytes of a WAV file. */
export function wavHeader(samples: Float32Array | Int16Array, channels: number, { sampleRate }: WavFormat): Uint8Array<ArrayBuffer> {
  if (!(Number.isSafeInteger(sampleRate) && sampleRate > 0)) throw new RangeError(`A sample rate of ${sampleRate} is none`);
  const sampleBytes = samples.BYTES_PER_ELEMENT;
  if (samples.byteLength > 0xffff_ffff - HEADER_BYTES) throw new RangeError("A WAV file holds no more than 4 GiB");
  const view = new DataView(new ArrayBuffer(HEADER_BYTES));
  const text = (at: number, letters: string) => [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, HEADER_BYTES - 8 + samples.byteLength, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, samples instanceof Int16Array ? PCM : FLOAT, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * channels * sampleBytes, true);
  view.setUint16(32, channels * sampleBytes, true);
  view.setUint16(34, sampleBytes * 8, true);
  text(36, "data");
  view.setUint32(40, samples.byteLength, true);
  return new Uint8Array(view.buffer);
}
