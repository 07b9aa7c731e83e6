/**
 * A recording that takes a while.
 *
 * @module
 */

/** Where the samples begin in a WAV file without further chunks. */
const HEADER_BYTES = 44;

/** A WAV file in which another one is heard so many times, one after the other. */
export function repeated(wav: Uint8Array<ArrayBuffer>, times: number): Uint8Array<ArrayBuffer> {
  const samples = wav.subarray(HEADER_BYTES);
  const long = new Uint8Array(HEADER_BYTES + times * samples.length);
  long.set(wav.subarray(0, HEADER_BYTES));
  for (let at = HEADER_BYTES; at < long.length; at += samples.length) long.set(samples, at);
  const header = new DataView(long.buffer);
  header.setUint32(4, long.length - 8, true);
  header.setUint32(HEADER_BYTES - 4, long.length - HEADER_BYTES, true);
  return long;
}
