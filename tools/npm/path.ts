/**
 * `@std/path` from npm, with the types of the names in use, as JSR has them.
 *
 * @module
 */
import * as std from "deno-std/path/mod.js";

export const basename: (path: string | URL, suffix?: string) => string = std.basename;
export const DELIMITER: ":" | ";" = std.DELIMITER;
export const dirname: (path: string | URL) => string = std.dirname;
export const extname: (path: string | URL) => string = std.extname;
export const fromFileUrl: (url: string | URL) => string = std.fromFileUrl;
export const globToRegExp: (glob: string) => RegExp = std.globToRegExp;
export const isAbsolute: (path: string) => boolean = std.isAbsolute;
export const join: (path: string | URL, ...paths: string[]) => string = std.join;
export const normalize: (path: string | URL) => string = std.normalize;
export const relative: (from: string, to: string) => string = std.relative;
export const resolve: (...paths: string[]) => string = std.resolve;
export const toFileUrl: (path: string) => URL = std.toFileUrl;
