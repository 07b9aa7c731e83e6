import { assertEquals } from "@std/assert";
import { type FileResult, PluginStateError, type RemotePluginProxy, WorkerExitError } from "@remote-plugin/proxy";
import { filesBelow } from "../support/files.ts";
import { BOTH, type Face, ScratchWatch, startFixture } from "../support/fixture_proxy.ts";

/** `deno task test --long tests/files/handoffs_test.ts` sets it to 10,000. */
const HANDOFFS = Number(Deno.env.get("REMOTE_PLUGIN_TEST_HANDOFFS") ?? 120);

/** One hand-over in so many is cut short by a kill. */
const KILL_EVERY = 20;

/** The same numbers in every run: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let t = Math.imul(state ^ state >>> 15, 1 | state);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 4294967296;
  };
}

/** Hands a file to the plugin and takes one from it. */
async function handOver(plugin: RemotePluginProxy, size: number): Promise<void> {
  const data = new Uint8Array(size).fill(size % 256);
  const [seen, result] = await Promise.all([
    plugin.execute<{ data: { size: number } }>({ data }),
    plugin.execute<FileResult>({ action: "give", size }),
  ]);
  await using given = result;
  assertEquals([seen.data.size, (await given.bytes()).length], [size, size]);
}

async function handOverAndKill(face: Face, scratchDir: string, random: () => number): Promise<number> {
  let plugin = await startFixture(face, "hands_over", { scratchDir, manifest: { restart: "never" } });
  let killed = 0;
  for (let i = 0; i < HANDOFFS; i++) {
    // The big ones use files again.
    const size = 1 + Math.floor(random() * 200_000) + (random() < 1 / 4 ? 1_048_576 : 0);
    const isKilled = random() < 1 / KILL_EVERY;
    const delay = random() * 4;
    const work = handOver(plugin, size).catch((error) => {
      // The worker was gone before the call had ended, or after that and before its result was read.
      if (!isKilled || !(error instanceof WorkerExitError || error instanceof PluginStateError)) throw error;
    });
    if (isKilled) {
      await new Promise((resolve) => setTimeout(resolve, delay));
      Deno.kill(plugin.pid!, "SIGKILL");
      killed++;
      await plugin.exited;
    }
    await work;
    if (isKilled) {
      await plugin.cleanup();
      assertEquals(filesBelow(scratchDir), []);
      plugin = await startFixture(face, "hands_over", { scratchDir, manifest: { restart: "never" } });
    }
  }
  await plugin.cleanup();
  return killed;
}

for (const face of BOTH) {
  Deno.test(`${face.worker}: ${HANDOFFS} hand-overs with kills of the worker at random leave no file`, async () => {
    await using scratch = await ScratchWatch.create();
    const killed = await handOverAndKill(face, scratch.path, seeded(4));
    assertEquals(killed > 0, true, "somebody was killed");
    assertEquals(scratch.names(), []);
  });
}
