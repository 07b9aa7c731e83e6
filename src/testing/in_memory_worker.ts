/**
 * A worker without a process.
 *
 * @module
 */
import type { BatchSettings } from "../manifest/manifest.ts";
import { DEFAULT_BATCH } from "../protocol/batch.ts";
import type { Exchange } from "../protocol/exchange.ts";
import { CALLBACKS_FEATURE } from "../protocol/functions.ts";
import type { CallContext, Plugin } from "../worker/define_plugin.ts";
import { InlineRunner } from "../worker/deno/inline_runner.ts";
import { loadPlugin } from "../worker/deno/load_plugin.ts";
import { WorkerSession } from "../worker/deno/session.ts";

/** How an in-memory worker differs from a real one's defaults. */
export interface InMemoryWorkerOptions {
  /** How many calls run at once. The default is 1. */
  readonly maxConcurrency?: number;
  /** How calls of `execute` are gathered, which the plugin's `executeBatch` answers then, as `batch` in a manifest. Default: each runs alone. */
  readonly batch?: BatchSettings;
}

/** A worker in this thread. */
export interface InMemoryWorker {
  /** Answers requests by frames, as a worker's wire does. */
  readonly exchange: Exchange;
}

/**
 * Makes a worker in this thread, for tests: no process, no permission, the same session as the real worker's. A plugin that never gives
 * way holds everything up here, where a real worker would still answer.
 *
 * @param plugin A plugin, a class of one, or a function, as the plugin's module exports it.
 * @throws {TypeError} When it is no plugin.
 */
export function inMemoryWorker<P extends object, K, R, C, G>(
  plugin: (P & Plugin<K, R, C, G>) | (new () => Plugin<K, R, C, G>) | ((kwargs: K, context: CallContext) => R | Promise<R>),
  { maxConcurrency = 1, batch }: InMemoryWorkerOptions = {},
): InMemoryWorker {
  const label = { name: "plugin", version: "0.0.0", batches: batch !== undefined };
  const limits = { max_concurrency: maxConcurrency, batch: batch && { ...DEFAULT_BATCH, ...batch } };
  const usage = () => Promise.resolve({ cpu_percent: 0, memory_rss_mb: 0 });
  const runner = new InlineRunner(loadPlugin(plugin, label));
  return { exchange: new WorkerSession(runner, { plugin: label, limits, pid: 0, usage, features: [CALLBACKS_FEATURE] }).exchange };
}
