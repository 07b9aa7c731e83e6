/**
 * `@std/bytes` from npm, with the types of the names in use, as JSR has them.
 *
 * @module
 */
import * as std from "deno-std/bytes/mod.js";

export const concat: (buffers: readonly Uint8Array[]) => Uint8Array<ArrayBuffer> = std.concat;
export const equals: (a: Uint8Array, b: Uint8Array) => boolean = std.equals;
export const indexOfNeedle: (source: Uint8Array, needle: Uint8Array, start?: number) => number = std.indexOfNeedle;
export const startsWith: (source: Uint8Array, prefix: Uint8Array) => boolean = std.startsWith;
