/**
 * Stretches of time, as people read and write them.
 *
 * @module
 */
import { UsageError } from "../exit.ts";

/** The units, the longest first, in milliseconds. */
const UNITS: readonly (readonly [letter: string, ms: number])[] = [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1_000]];

/** A stretch of time in its longest unit, such as `3d`. */
export function duration(ms: number): string {
  const [letter, unit] = UNITS.find(([, size]) => ms >= size) ?? UNITS.at(-1)!;
  return `${Math.max(0, Math.floor(ms / unit))}${letter}`;
}

/** The milliseconds of a text such as `30d`, which an option has. */
export function readDuration(text: string, option: string): number {
  const [, count, letter] = /^(\d+(?:\.\d+)?)([dhms])$/.exec(text) ?? [];
  if (letter !== undefined) return Number(count) * UNITS.find(([unit]) => unit === letter)![1];
  throw new UsageError(`${option} must be a number with d, h, m or s, for example 30d, not "${text}"`);
}
