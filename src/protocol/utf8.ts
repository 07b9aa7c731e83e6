/**
 * Bytes to text.
 *
 * @module
 */

const LENIENT = new TextDecoder("utf-8", { ignoreBOM: true });
const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const REPLACEMENT = "\ufffd";

/** How many bytes a text takes. Half of a pair of surrogates is replaced by a mark of three. To write the bytes costs more where the text is short. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length; at++) {
    const code = text.codePointAt(at)!;
    if (code < 0x80) continue;
    length += code < 0x800 ? 1 : 2;
    if (code > 0xffff) at++;
  }
  return length;
}

/**
 * The text that the bytes are. Reads leniently, which takes an eighth of the time, and strictly where something may have been replaced.
 *
 * @throws {TypeError} When they are no UTF-8.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  const text = LENIENT.decode(bytes);
  return text.includes(REPLACEMENT) ? STRICT.decode(bytes) : text;
}
