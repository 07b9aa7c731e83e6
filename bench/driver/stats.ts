/**
 * Numbers from samples.
 *
 * @module
 */

/** The sample below which the given share (0 to 1) of all samples lies. NaN without samples. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? NaN;
  const above = sorted[Math.ceil(place)] ?? NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** The middle sample. NaN without samples. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}
