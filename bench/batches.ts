/**
 * Batches beside calls that run alone: `deno task bench batches`. The model of examples/semantic_search turns one sentence a call into a vector, in one worker
 * that gathers calls and in one that does not. Both take turns, so that what else the machine does falls on both; a ratio is that of one round.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { type FileResult, type Manifest, RemotePluginProxy } from "@remote-plugin/proxy";
import { median } from "./driver/stats.ts";

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

/** How many calls a second are answered, with so many of them open at a time. */
async function callsPerSecond(plugin: RemotePluginProxy, open: number): Promise<number> {
  const start = performance.now();
  const sentences = SENTENCES.values();
  await Promise.all(Array.from({ length: open }, async () => {
    for (const sentence of sentences) {
      await using vector = await plugin.execute<FileResult>({ sentence });
      if (vector.size < 384 * 4) throw new Error("The vector is too short");
    }
  }));
  return CALLS / ((performance.now() - start) / 1000);
}

/** The median, the least and the most. */
function spread(values: readonly number[], digits = 0): string {
  const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
  return `${middle} (${least} to ${most})`;
}

await using alone = await RemotePluginProxy.start(MANIFEST, { onEnvironment: ({ message }) => console.error(message) });
await using together = await RemotePluginProxy.start({ ...MANIFEST, batch: { max_size: 32, max_wait_ms: 5 } });
for (const plugin of [alone, together]) await plugin.initialize();

for (const open of OPEN) {
  const rounds: { readonly alone: number; readonly together: number }[] = [];
  for (const plugin of [alone, together]) await callsPerSecond(plugin, open); // Warm-up
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({ alone: await callsPerSecond(alone, open), together: await callsPerSecond(together, open) });
  }
  console.log(`${open} open, ${CALLS} calls, ${ROUNDS} rounds: calls a second`);
  console.log(`  alone       ${spread(rounds.map(({ alone }) => alone))}`);
  console.log(`  in batches  ${spread(rounds.map(({ together }) => together))}`);
  console.log(`  ratio       ${spread(rounds.map(({ alone, together }) => together / alone), 2)}`);
}
