/**
 * `@std/async` from npm, with the types of the names in use, as JSR has them. Its `mod.js` there cannot be loaded: it imports a folder which that package lacks.
 *
 * @module
 */
import * as std from "deno-std/async/delay.js";

/** What ends a {@linkcode delay} early, and whether it keeps the program alive. */
export interface DelayOptions {
  signal?: AbortSignal;
  persistent?: boolean;
}

export const delay: (ms: number, options?: DelayOptions) => Promise<void> = std.delay;
