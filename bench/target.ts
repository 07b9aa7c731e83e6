/**
 * A target: what is wanted, what was measured, and whether that is enough.
 *
 * @module
 */
import { readable, spreadOf } from "./report/columns.ts";
import type { Figure } from "./results.ts";

/** One target. */
export interface Target {
  readonly wanted: string;
  readonly measured: string;
  /** `undefined` when it was not measured, or not wholly. */
  readonly met: boolean | undefined;
}

/** A ratio that may not be larger. */
export function atMost(wanted: string, bound: number, ratio: Figure | undefined): Target {
  return ratio === undefined ? missing(wanted) : { wanted, measured: times(ratio), met: ratio.median <= bound };
}

/** A ratio that may not be smaller. */
export function atLeast(wanted: string, bound: number, ratio: Figure | undefined): Target {
  return ratio === undefined ? missing(wanted) : { wanted, measured: times(ratio), met: ratio.median >= bound };
}

/** Nothing is known. */
export function missing(wanted: string): Target {
  return { wanted, measured: "not measured", met: undefined };
}

function times(ratio: Figure): string {
  return `${ratio.median >= 100 ? readable(ratio.median) : ratio.median.toFixed(2)} ×${spreadOf(ratio)}`;
}
