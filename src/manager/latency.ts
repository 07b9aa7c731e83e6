/**
 * How long calls took.
 *
 * @module
 */

/** The spread of the last calls' durations, in milliseconds, from the call to its answer, any waiting included. */
export interface LatencyPercentiles {
  /** Half of the calls took no longer. */
  readonly p50: number;
  /** 95 % of the calls took no longer. */
  readonly p95: number;
  /** 99 % of the calls took no longer. */
  readonly p99: number;
  /** The longest. */
  readonly max: number;
}

/** So many calls are looked back at: enough for the 99th percentile to stand on ten of them. */
const KEPT = 1_000;

/** The durations of the last 1,000 calls. */
export class Latencies {
  readonly #durations = new Float64Array(KEPT);
  #count = 0;

  /** Takes one duration. */
  add(milliseconds: number): void {
    this.#durations[this.#count++ % KEPT] = milliseconds;
  }

  /** The percentiles; `undefined` before the first call. */
  get percentiles(): LatencyPercentiles | undefined {
    const sorted = this.#durations.slice(0, Math.min(this.#count, KEPT)).sort();
    if (sorted.length === 0) return undefined;
    const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1]!;
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
  }
}
