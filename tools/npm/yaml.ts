/**
 * `@std/yaml` from npm, with the types of the names in use, as JSR has them.
 *
 * @module
 */
import * as std from "deno-std/yaml/mod.js";

export const parse: (text: string) => unknown = std.parse;
