/**
 * Bytes to text.
 *
 * @module
 */

const LENIENT = new TextDecoder("utf-8", { ignoreBOM: true });
const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const REPLACEMENT = "\ufffd";

/**
 * The text that the bytes are. Reads leniently, which takes an eighth of the time, and strictly where something may have been replaced.
 *
 * @throws {TypeError} When they are no UTF-8.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  const text = LENIENT.decode(bytes);
  return text.includes(REPLACEMENT) ? STRICT.decode(bytes) : text;
}
