/**
 * `@std/streams` from npm, with the types of the names in use, as JSR has them.
 *
 * @module
 */
import * as std from "deno-std/streams/mod.js";

/** How a {@linkcode TextLineStream} takes a carriage return on its own. */
export interface TextLineStreamOptions {
  allowCR?: boolean;
}

/** Cuts text into lines, without their ends. */
export type TextLineStream = TransformStream<string, string>;
export const TextLineStream: new (options?: TextLineStreamOptions) => TextLineStream = std.TextLineStream;
export const toText: (stream: ReadableStream<string> | ReadableStream<Uint8Array>) => Promise<string> = std.toText;
