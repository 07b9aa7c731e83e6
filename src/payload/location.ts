/**
 * Where the bytes of results are, as data that another thread can be given.
 *
 * @module
 */
import type { FileFacts } from "./found_file.ts";

/** A worker's file, or bytes that nobody changes. */
export type BytesLocation = { readonly file: FileFacts } | { readonly bytes: ArrayBuffer };

/** The same, and what the bytes are. */
export type ResultLocation = BytesLocation & { readonly mediaType: string };
