/**
 * Bytes to be told apart from others.
 *
 * @module
 */

/** Bytes of which each differs from the one before. */
export function pattern(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, i) => i % 256);
}

/** The SHA-1 sum of bytes, in hexadecimal. */
export async function sha1(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-1", bytes)).toHex();
}
