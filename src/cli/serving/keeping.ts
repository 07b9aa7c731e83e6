/**
 * How the workers of a program that serves are kept.
 *
 * @module
 */
import type { PluginSettings } from "../../manager/options.ts";
import { UsageError } from "../exit.ts";

/** The options for it. */
export interface KeepingOptions {
  readonly replicas: string;
  readonly idle?: string;
}

/** How many workers a plugin has, and how long. */
export function readKeeping({ replicas, idle }: KeepingOptions): PluginSettings {
  return {
    replicas: { min: 1, max: readNumber("replicas", replicas) },
    unloadAfterMs: idle === undefined ? undefined : 1_000 * readNumber("idle", idle),
  };
}

/**
 * The number that an option has.
 *
 * @throws {UsageError} When it is no whole number, or less than the least.
 */
export function readNumber(option: string, text: string, least = 1): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) throw new UsageError(`--${option} must be a whole number from ${least}, not "${text}"`);
  return value;
}
