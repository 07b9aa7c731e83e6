/**
 * `@std/html` from npm, with the types of the names in use, as JSR has them.
 *
 * @module
 */
import * as std from "deno-std/html/mod.js";

export const escape: (text: string) => string = std.escape;
