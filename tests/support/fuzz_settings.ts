/**
 * How many cases are generated, and from which seed.
 *
 * @module
 */

/** The number of cases of each fuzz test: `REMOTE_PLUGIN_FUZZ_RUNS`, else 10,000. */
export function fuzzRuns(): number {
  return Number(Deno.env.get("REMOTE_PLUGIN_FUZZ_RUNS") || 10_000);
}

/** The seed from which the cases are generated: `REMOTE_PLUGIN_FUZZ_SEED`, else another one each time. It is printed, so that a failure can be had again. */
export function fuzzSeed(what: string, runs: number = fuzzRuns()): number {
  const seed = Number(Deno.env.get("REMOTE_PLUGIN_FUZZ_SEED") || crypto.getRandomValues(new Int32Array(1))[0]);
  console.log(`${what}: ${runs} cases, REMOTE_PLUGIN_FUZZ_SEED=${seed}`);
  return seed;
}
