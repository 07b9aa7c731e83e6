/**
 * `@std/crypto/timing-safe-equal` from npm, with its type as JSR has it.
 *
 * @module
 */
import * as std from "deno-std/crypto/timing_safe_equal.js";

/** Compares two texts of bytes in a time that does not tell where they differ. Those of two lengths are an error. */
export const timingSafeEqual: (a: ArrayBufferView | ArrayBufferLike, b: ArrayBufferView | ArrayBufferLike) => boolean = std.timingSafeEqual;
