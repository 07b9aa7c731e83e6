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
  /** `undefined` when it was not measured, or not wholly, and for what is no target. */
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

/** A ratio that stands beside a target, and is none itself. */
export function beside(wanted: string, ratio: Figure | undefined): Target {
  return ratio === undefined ? missing(wanted) : { wanted, measured: times(ratio), met: undefined };
}

/** Nothing is known. */
export function missing(wanted: string): Target {
  return { wanted, measured: "not measured", met: undefined };
}

function times(ratio: Figure): string {
  return `${ratio.median >= 100 ? readable(ratio.median) : ratio.median.toFixed(2)} ×${spreadOf(ratio)}`;
}
