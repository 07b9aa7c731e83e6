/**
 * `@std/http/negotiation` from npm, with the types of the names in use, as JSR has them.
 *
 * @module
 */
import * as std from "deno-std/http/negotiation.js";

/** How {@linkcode accepts} can be called. */
export interface Accepts {
  (request: Pick<Request, "headers">): string[];
  <T extends string>(request: Pick<Request, "headers">, ...types: T[]): T | undefined;
}

export const accepts: Accepts = std.accepts;
