/**
 * `@std/text` from npm, with the types of the names in use, as JSR has them.
 *
 * @module
 */
import * as std from "deno-std/text/mod.js";

export const closestString: (givenWord: string, possibleWords: readonly string[]) => string = std.closestString;
export const levenshteinDistance: (str1: string, str2: string) => number = std.levenshteinDistance;
export const toPascalCase: (input: string) => string = std.toPascalCase;
