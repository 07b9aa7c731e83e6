/**
 * What was measured: kept as it came, a value a round, so that everything shown can be derived again.
 *
 * @module
 */
import { median, quantile } from "./driver/stats.ts";

/** What is known of one peer. */
export interface PeerResults {
  /** What was installed, for example `execnet 2.1.2`. */
  version?: string;
  /** When it was measured last, ISO 8601. Peers with another time than the rest were measured in another run. */
  run: string;
  /** By step and value, for example `call.p50_us`: the values of the rounds. */
  values: Record<string, number[]>;
  /** By step: why it has no value, or which rounds have none. */
  notes: Record<string, string>;
}

/** A whole bench. */
export interface Results {
  /** When it began, ISO 8601. */
  run: string;
  mode: string;
  /** The machine and the programs, in words. */
  machine: Record<string, string>;
  peers: Record<string, PeerResults>;
}

/** A number of several rounds. */
export interface Figure {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly rounds: number;
}

/** The figure for one value of a peer; `undefined` when there is none. */
export function figureOf(results: Results, peer: string, key: string): Figure | undefined {
  return summarize(results.peers[peer]?.values[key] ?? []);
}

/** A ratio of two values round by round, for rounds of the same time drift together. */
export function ratioOf(results: Results, over: readonly [string, string], under: readonly [string, string]): Figure | undefined {
  const above = results.peers[over[0]]?.values[over[1]] ?? [];
  const below = results.peers[under[0]]?.values[under[1]] ?? [];
  const rounds = Math.min(above.length, below.length);
  return summarize(Array.from({ length: rounds }, (_, round) => above[round]! / below[round]!));
}

/** Median and range; `undefined` without values. */
export function summarize(values: readonly number[]): Figure | undefined {
  if (values.length === 0) return undefined;
  return { median: median(values), least: quantile(values, 0), most: quantile(values, 1), rounds: values.length };
}

/** Four digits are more than any of the numbers deserves. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** The exponent with which cost grows when `sizes` do: the slope of a straight line through the logarithms. */
export function growthExponent(sizes: readonly number[], costs: readonly number[]): number {
  const xs = sizes.map(Math.log2);
  const ys = costs.map(Math.log2);
  const [meanX, meanY] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((sum, x, index) => sum + (x - meanX) * (ys[index]! - meanY), 0);
  return covariance / xs.reduce((sum, x) => sum + (x - meanX) ** 2, 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
