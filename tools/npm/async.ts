/**
 * `@std/async` from npm, with the types of the names in use, as JSR has them. Its `mod.js` there cannot be loaded: it imports a folder which that package lacks.
 *
 * @module
 */
import { abortable as stdAbortable } from "deno-std/async/abortable.js";
import { deadline as stdDeadline } from "deno-std/async/deadline.js";
import { delay as stdDelay } from "deno-std/async/delay.js";

/** What ends a {@linkcode deadline} early. */
export interface DeadlineOptions {
  signal?: AbortSignal;
}

/** What ends a {@linkcode delay} early, and whether it keeps the program alive. */
export interface DelayOptions {
  signal?: AbortSignal;
  persistent?: boolean;
}

/** How {@linkcode abortable} can be called. */
export interface Abortable {
  <T>(p: Promise<T>, signal: AbortSignal): Promise<T>;
  <T>(p: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T>;
}

export const abortable: Abortable = stdAbortable;
export const deadline: <T>(p: Promise<T>, ms: number, options?: DeadlineOptions) => Promise<T> = stdDeadline;
export const delay: (ms: number, options?: DelayOptions) => Promise<void> = stdDelay;
