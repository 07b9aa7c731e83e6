/**
 * Time in which a call does not come on.
 *
 * @module
 */
import { CallTimeoutError } from "../errors.ts";
import type { CallOptions } from "../plugin/interface.ts";
import { checkLimits } from "../plugin/limits.ts";
import { pause } from "../protocol/timer.ts";

/** How long, in milliseconds, whose call it is, and why, as a sentence without a full stop. */
export interface InterludeFacts {
  readonly ms: number;
  readonly plugin: string;
  readonly member: string;
  readonly why: string;
}

/** The options that end a wait, and by which a call goes on for what is left of its time. */
type Limits = Pick<CallOptions, "signal" | "timeoutMs" | "idleTimeoutMs">;

/**
 * Waits, as long as the call may take.
 *
 * @param over Aborted when the plugin lets go of its calls.
 * @throws {CallTimeoutError} When it may not take as long.
 * @throws The reason of the caller's signal, or of `over`.
 */
export async function interlude(facts: InterludeFacts, limits: Limits, over: AbortSignal): Promise<void> {
  const { ms, late } = within(facts, limits);
  const { signal } = limits;
  await pause(ms, signal === undefined ? over : AbortSignal.any([signal, over]));
  if (late !== undefined) throw late;
}

/** The same, while the caller's thread waits. Nothing ends it but the call's own limits. */
export function interludeBlocking(facts: InterludeFacts, limits: Omit<Limits, "signal">): void {
  const { ms, late } = within(facts, limits);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  if (late !== undefined) throw late;
}

/** The options for what is left of a call's time. */
export function afterInterlude<Options extends Limits>({ ms }: InterludeFacts, options: Options): Options {
  return options.timeoutMs === undefined ? options : { ...options, timeoutMs: Math.max(1, options.timeoutMs - ms) };
}

/** How long it takes, and what the caller is told when the call may not take as long. */
function within({ ms, plugin, member, why }: InterludeFacts, limits: Limits): { ms: number; late?: CallTimeoutError } {
  checkLimits({ plugin, member }, limits);
  const { timeoutMs, idleTimeoutMs } = limits;
  const limitMs = Math.min(timeoutMs ?? Infinity, idleTimeoutMs ?? Infinity);
  if (ms < limitMs || limitMs === Infinity) return { ms };
  const idle = limitMs !== timeoutMs;
  const what = idle ? `gave no sign of life for ${limitMs} ms` : `took longer than its limit of ${limitMs} ms`;
  return { ms: limitMs, late: new CallTimeoutError(`"${member}" of "${plugin}" ${what}. ${why}`, { plugin, timeoutMs: limitMs, idle }) };
}
