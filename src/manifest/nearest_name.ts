/**
 * Names that were mistyped.
 *
 * @module
 */
import { closestString, levenshteinDistance } from "@std/text";

/** The nearest of the names that there are; `undefined` when none is near enough to have been meant. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const nearest = closestString(name, known);
  const isNear = levenshteinDistance(name.toLowerCase(), nearest.toLowerCase()) <= Math.max(name.length, nearest.length) / 2;
  return isNear ? nearest : undefined;
}

/** The most names that an error lists. */
const MOST_LISTED = 10;

/** What may have been meant, as a sentence: the nearest name, or all that there are. */
export function nameHint(name: string, known: readonly string[], shown: (name: string) => string = (one) => `"${one}"`): string {
  const nearest = nearestName(name, known);
  if (nearest !== undefined) return `The nearest name is ${shown(nearest)}`;
  const more = known.length > MOST_LISTED ? ` and ${known.length - MOST_LISTED} more` : "";
  return `Known are ${known.slice(0, MOST_LISTED).map(shown).join(", ")}${more}`;
}
