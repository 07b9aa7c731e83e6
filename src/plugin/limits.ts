/**
 * The limits that callers set in milliseconds.
 *
 * @module
 */
import { CallError } from "../errors.ts";
import { isDuration } from "../protocol/timer.ts";
import type { OperationOptions } from "./interface.ts";

/** Which operation of which plugin has the limits. */
interface Limited {
  readonly plugin: string;
  readonly member: string;
}

/**
 * Refuses limits that are none, before anything is done: a timer would take them for no time at all.
 *
 * @throws {CallError} With the code `invalid_arguments`.
 */
export function checkLimits({ plugin, member }: Limited, { timeoutMs, idleTimeoutMs }: OperationOptions): void {
  const complaint = durationComplaint("timeoutMs", timeoutMs) ?? durationComplaint("idleTimeoutMs", idleTimeoutMs);
  if (complaint === undefined) return;
  throw new CallError("invalid_arguments", `Cannot run "${member}" of "${plugin}": ${complaint}`, { plugin });
}

/** What is wrong with a limit, if anything is. */
export function durationComplaint(name: string, value: unknown): string | undefined {
  if (value === undefined || isDuration(value)) return undefined;
  return `"${name}" is ${typeof value === "string" ? JSON.stringify(value) : String(value)}, wanted is a number of milliseconds above 0`;
}
