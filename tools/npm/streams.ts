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
export const concatReadableStreams: <T>(...streams: ReadableStream<T>[]) => ReadableStream<T> = std.concatReadableStreams;
export const mergeReadableStreams: <T>(...streams: ReadableStream<T>[]) => ReadableStream<T> = std.mergeReadableStreams;
export const toArrayBuffer: (stream: ReadableStream<Uint8Array>) => Promise<ArrayBuffer> = std.toArrayBuffer;
export const toBytes: (stream: ReadableStream<Uint8Array>) => Promise<Uint8Array<ArrayBuffer>> = std.toBytes;
export const toJson: (stream: ReadableStream<string> | ReadableStream<Uint8Array>) => Promise<unknown> = std.toJson;
export const toText: (stream: ReadableStream<string> | ReadableStream<Uint8Array>) => Promise<string> = std.toText;
