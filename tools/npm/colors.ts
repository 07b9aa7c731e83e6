/**
 * `@std/fmt/colors` from npm, with the types of the names in use, as JSR has them.
 *
 * @module
 */
import * as std from "deno-std/fmt/colors.js";

type Style = (text: string) => string;

export const bold: Style = std.bold;
export const dim: Style = std.dim;
export const green: Style = std.green;
export const red: Style = std.red;
export const setColorEnabled: (value: boolean) => void = std.setColorEnabled;
export const yellow: Style = std.yellow;
