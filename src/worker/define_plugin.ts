/**
 * What a plugin in TypeScript looks like to the worker.
 *
 * @module
 */

/** What the worker gives a plugin's method besides its arguments. */
export interface CallContext {
  /** The call's id, as the host or else the worker has named it. */
  readonly callId: string;
  /** The positional arguments of `execute` and `executeStream`; empty for the other methods. */
  readonly args: readonly unknown[];
  /** Aborts when the call is cancelled. Code that listens to it stops early; the call ends as cancelled either way. */
  readonly signal: AbortSignal;
  /**
   * Tells the host how far the call is.
   *
   * @param progress From 0 to 1; a negative number or NaN when the plugin cannot tell.
   * @param message What is being done, for people. The default is `""`.
   */
  reportProgress(progress: number, message?: string): void;
}

/** A value, or a promise of it. */
export type MaybePromise<T> = T | Promise<T>;

/** A JSON Schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Keyword arguments when a plugin does not say which it takes. */
export type Kwargs = Record<string, unknown>;

/** What a method takes and gives that hosts call by its name. */
export interface MethodSchemas {
  /** What it does, for people. */
  readonly description?: string;
  /** What it takes. */
  readonly argumentsSchema?: JsonSchema;
  /** What it returns; of a generator the list of its items. */
  readonly resultSchema?: JsonSchema;
  /** What it yields, each time, where it is a generator. */
  readonly chunkSchema?: JsonSchema;
}

/**
 * The members of a plugin. All are optional, but it needs `execute`, `executeStream`, `executeBatch` or a method of its own. Hosts call its own methods by their
 * names, as `plugin.call("segments", kwargs)`: all functions but those whose names begin with `_`, and those that are private by `#`. They get what `execute`
 * gets. Any of the methods may be asynchronous, and what
 * one throws reaches the host with its type, message and stack.
 *
 * @typeParam K The keyword arguments of `execute` and `executeStream`.
 * @typeParam R What `execute` returns: plain JSON, NaN and the infinities.
 * @typeParam C What `executeStream` yields: the same.
 * @typeParam G The configuration.
 */
export interface Plugin<K = Kwargs, R = unknown, C = unknown, G = Kwargs> {
  /** The default is the manifest's name. */
  readonly name?: string;
  /** The default is the manifest's version. */
  readonly version?: string;
  /** What the configuration may hold. `getConfigSchema` comes first when there are both. */
  readonly configSchema?: JsonSchema;
  /** What `execute` and `executeStream` take. From it and the two below `remote-plugin gen` makes a typed client. */
  readonly argumentsSchema?: JsonSchema;
  /** What `execute` returns. Bytes, arrays and files are `{ type: "string", format: "binary" }`. */
  readonly resultSchema?: JsonSchema;
  /** What `executeStream` yields, each time. */
  readonly chunkSchema?: JsonSchema;
  /** The same of its other methods, by their names. */
  readonly methodSchemas?: Readonly<Record<string, MethodSchemas>>;
  /** Takes the configuration: before the first call as a rule, and as often as the host likes. */
  initialize?(config: G, context: CallContext): MaybePromise<void>;
  /** Does the work. An iterator, as a generator returns it, becomes the list of its items. */
  execute?(kwargs: K, context: CallContext): MaybePromise<R>;
  /**
   * Does the work of several calls at once, in the place of `execute`, where the manifest has `batch`.
   *
   * @param items The keyword arguments of each call.
   * @param contexts What each method is given besides, for each call.
   * @returns An answer for each item, in their order. An `Error` as an answer fails that call alone.
   */
  executeBatch?(items: readonly K[], contexts: readonly CallContext[]): MaybePromise<readonly (R | Error)[]>;
  /** Does the work item by item. When the call is cancelled or its host gone, the iterator's `return` is called: `finally` runs. */
  executeStream?(kwargs: K, context: CallContext): MaybePromise<AsyncIterable<C> | Iterable<C>>;
  /** Tells what the configuration may hold. */
  getConfigSchema?(): MaybePromise<JsonSchema>;
  /** Tells the configuration in use. */
  getCurrentConfig?(): MaybePromise<Readonly<Record<string, unknown>>>;
  /** Loads what the first call would have to wait for. */
  prefetch?(context: CallContext): MaybePromise<void>;
  /** Changes the configuration of a plugin at work. */
  reconfigure?(oldConfig: G, newConfig: G, context: CallContext): MaybePromise<void>;
  /** Called for each running call that is cancelled, after its signal has aborted. */
  cancel?(): MaybePromise<void>;
  /** Lets go of everything. The process ends soon after. */
  cleanup?(context: CallContext): MaybePromise<void>;
}

/**
 * Gives a plugin its types; it returns its argument. The worker runs what a module exports as `default`, or under the name that the
 * manifest has as `class`. State belongs in variables beside the plugin. Who prefers a class exports one whose instances have the same
 * members; it is constructed without arguments.
 *
 * @example
 * ```ts
 * import { definePlugin } from "@remote-plugin/proxy/worker";
 *
 * const shout = definePlugin({
 *   name: "shout",
 *   version: "1.0.0",
 *   execute({ text }: { text: string }, { reportProgress }) {
 *     reportProgress(0.5, "shouting");
 *     return text.toUpperCase();
 *   },
 *   async *executeStream({ text }: { text: string }, { signal }) {
 *     for (const word of text.split(" ")) {
 *       signal.throwIfAborted();
 *       yield word.toUpperCase();
 *     }
 *   },
 * });
 *
 * console.log(shout.name); // "shout"
 * // In the plugin's own module: export default shout;
 * ```
 *
 * @typeParam P The plugin as it is written. Other methods that it has are called by their names.
 */
export function definePlugin<P extends object, K = Kwargs, R = unknown, C = unknown, G = Kwargs>(
  plugin: P & Plugin<K, R, C, G>,
): P {
  return plugin;
}
