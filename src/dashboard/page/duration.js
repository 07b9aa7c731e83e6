/** A time in milliseconds, as people say it. */
export function duration(ms) {
  return ms < 1 ? `${(1_000 * ms).toFixed(0)} µs` : ms < 1_000 ? `${ms.toFixed(1)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
