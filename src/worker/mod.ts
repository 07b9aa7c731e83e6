/**
 * What the author of a TypeScript plugin writes.
 *
 * @example
 * ```ts
 * import { definePlugin } from "@remote-plugin/proxy/worker";
 *
 * export default definePlugin({
 *   execute: ({ text }: { text: string }) => text.toUpperCase(),
 * });
 * ```
 *
 * @module
 */
export { definePlugin } from "./define_plugin.ts";
export type { CallContext, JsonSchema, Kwargs, MaybePromise, MethodSchemas, Plugin } from "./define_plugin.ts";
