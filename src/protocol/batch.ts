/**
 * Batches: calls of `execute` that a worker gathers, and that one run of the plugin's code answers.
 *
 * @module
 */
import { isRecord } from "./json.ts";

/** How a worker gathers calls. */
export interface BatchLimits {
  /** The most calls that run together. */
  readonly max_size: number;
  /** How long a call may wait for others, in milliseconds, when the plugin has nothing else to do. */
  readonly max_wait_ms: number;
}

/** The word of a worker that gathers calls. */
export const BATCH_FEATURE = "batch";

/** The most calls that a host sends to one worker at once. Each has a connection, and a worker keeps some hundred of them. */
export const MOST_OPEN_CALLS = 256;

/** What a manifest leaves open. */
export const DEFAULT_BATCH: BatchLimits = { max_size: 32, max_wait_ms: 5 };

/**
 * How many calls a host has open at a worker: as many as run at once. Where they run in batches that is all of these, and those of the next batch, which are
 * gathered meanwhile.
 */
export function capacityOf(maxConcurrency: number, batch: BatchLimits | undefined): number {
  return batch === undefined ? maxConcurrency : (maxConcurrency + 1) * batch.max_size;
}

/** What a worker says of its batches, in `/health` or the start line; `undefined` where that is nothing of use. */
export function readBatch(told: unknown): BatchLimits | undefined {
  if (!isRecord(told)) return undefined;
  const { max_size, max_wait_ms } = { ...DEFAULT_BATCH, ...told };
  const isSound = Number.isSafeInteger(max_size) && max_size >= 1 && Number.isSafeInteger(max_wait_ms) && max_wait_ms >= 0;
  return isSound ? { max_size, max_wait_ms } : undefined;
}
