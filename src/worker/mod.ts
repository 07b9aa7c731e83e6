/**
 * What the author of a TypeScript plugin writes.
 *
 * @module
 */
export { definePlugin } from "./define_plugin.ts";
export type { CallContext, JsonSchema, Kwargs, MaybePromise, Plugin } from "./define_plugin.ts";
