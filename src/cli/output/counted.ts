/**
 * How many of something.
 *
 * @module
 */

/** A number with its noun, which takes an "s" for more than one. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
