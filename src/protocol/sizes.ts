/**
 * How long what passes between host and worker may be.
 *
 * @module
 */

/** The longest start or hello line, in bytes. */
export const MAX_CONTROL_LINE_BYTES: number = 1024 * 1024;

/** The longest request line with headers, in bytes. */
export const MAX_HEADER_BYTES: number = 64 * 1024;

/**
 * The longest frame, in bytes. What a host reads becomes up to twenty times as large in its memory: this many empty objects still fit into a heap
 * of four gigabytes.
 */
export const MAX_FRAME_BYTES: number = 128 * 1024 * 1024;

/** The longest body of a request, in bytes. */
export const MAX_BODY_BYTES: number = 512 * 1024 * 1024;
