/**
 * What this package calls itself, and the wire that it speaks.
 *
 * @module
 */

/** The version of the wire that this package speaks. */
export const PROTOCOL_VERSION = 1;

/** The version of this package, the one in `deno.json`: a test holds them together. */
export const PACKAGE_VERSION = "0.1.0";
