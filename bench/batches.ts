/**
 * Batches beside calls that run alone: `deno task bench batches`. The model of examples/semantic_search turns one sentence a call into a vector, in one worker
 * that gathers calls and in one that does not. Both take turns, so that what else the machine does falls on both; a ratio is that of one round.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { type FileResult, type Manifest, RemotePluginProxy } from "@remote-plugin/proxy";
import { median } from "./driver/stats.ts";
import { processorTimes, usedBetween } from "./processor_time.ts";

const ROUNDS = 5;
const CALLS = 128;
const OPEN = [1, 8, 64];

const EXAMPLE = fromFileUrl(new URL("../examples/semantic_search", import.meta.url));

const MANIFEST: Manifest = {
  name: "sentence_vector",
  environment: `${EXAMPLE}/sentence_vectors.py`,
  plugin_path: EXAMPLE,
  module: "sentence_vectors",
  class: "SentenceVector",
  env_vars: { OPENBLAS_NUM_THREADS: "1", PYTHONDONTWRITEBYTECODE: "1" },
};

/** Sentences of four to twelve words, which a search is asked for. */
const SENTENCES = Array.from({ length: CALLS }, (_, number) => {
  const words = "find the last file that somebody else has changed in this folder".split(" ");
  return words.slice(0, 4 + number % 9).join(" ") + ` ${number}`;
});

/** How the calls of one round went. */
interface Round {
  readonly callsPerSecond: number;
  /** What a call costs the worker, in milliseconds of processor time, which other programs on the machine hardly change. */
  readonly processorMs: number;
}

/** Makes the calls, with so many of them open at a time. */
async function run(plugin: RemotePluginProxy, open: number): Promise<Round> {
  const before = await processorTimes([plugin.pid!]);
  const start = performance.now();
  const sentences = SENTENCES.values();
  await Promise.all(Array.from({ length: open }, async () => {
    for (const sentence of sentences) {
      await using vector = await plugin.execute<FileResult>({ sentence });
      if (vector.size < 384 * 4) throw new Error("The vector is too short");
    }
  }));
  const seconds = (performance.now() - start) / 1000;
  const used = usedBetween(before, await processorTimes([plugin.pid!]));
  return { callsPerSecond: CALLS / seconds, processorMs: used / CALLS };
}

/** The median, the least and the most. */
function spread(values: readonly number[], digits: number): string {
  const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
  return `${middle} (${least} to ${most})`;
}

await using alone = await RemotePluginProxy.start(MANIFEST, { onEnvironment: ({ message }) => console.error(message) });
await using together = await RemotePluginProxy.start({ ...MANIFEST, batch: { max_size: 32, max_wait_ms: 5 } });
for (const plugin of [alone, together]) await plugin.initialize();

for (const open of OPEN) {
  const rounds: { readonly alone: Round; readonly together: Round }[] = [];
  for (const plugin of [alone, together]) await run(plugin, open); // Warm-up
  for (let round = 0; round < ROUNDS; round++) rounds.push({ alone: await run(alone, open), together: await run(together, open) });
  console.log(`${open} open, ${CALLS} calls, ${ROUNDS} rounds`);
  console.log(`  alone, calls a second       ${spread(rounds.map(({ alone }) => alone.callsPerSecond), 0)}`);
  console.log(`  in batches, calls a second  ${spread(rounds.map(({ together }) => together.callsPerSecond), 0)}`);
  console.log(`  ratio                       ${spread(rounds.map((one) => one.together.callsPerSecond / one.alone.callsPerSecond), 2)}`);
  console.log(`  alone, processor ms a call  ${spread(rounds.map(({ alone }) => alone.processorMs), 1)}`);
  console.log(`  in batches                  ${spread(rounds.map(({ together }) => together.processorMs), 1)}`);
  console.log(`  ratio                       ${spread(rounds.map((one) => one.alone.processorMs / one.together.processorMs), 2)}`);
}
