/**
 * `@std/fmt/colors` from npm, with the types of the names in use, as JSR has them.
 *
 * @module
 */
import * as std from "deno-std/fmt/colors.js";

type Style = (text: string) => string;

export const blue: Style = std.blue;
export const bold: Style = std.bold;
export const brightBlack: Style = std.brightBlack;
export const cyan: Style = std.cyan;
export const dim: Style = std.dim;
export const getColorEnabled: () => boolean = std.getColorEnabled;
export const gray: Style = std.gray;
export const green: Style = std.green;
export const italic: Style = std.italic;
export const magenta: Style = std.magenta;
export const red: Style = std.red;
export const setColorEnabled: (value: boolean) => void = std.setColorEnabled;
export const stripAnsiCode: Style = std.stripAnsiCode;
export const underline: Style = std.underline;
export const yellow: Style = std.yellow;
