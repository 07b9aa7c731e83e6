import { assert, assertEquals } from "@std/assert";
import { type RemotePluginProxy, WorkerExitError } from "@remote-plugin/proxy";
import type { AheadPlugin } from "../support/ahead_worker.ts";
import { BOTH, gone, labelOf, ScratchWatch, startFixture } from "../support/fixture_proxy.ts";
import { eventually } from "../support/guard.ts";
import { type Held, withPlugin } from "../support/held_calls.ts";

for (const maxConcurrency of [1, 4]) {
  Deno.test(`64 callers of ${maxConcurrency === 1 ? "one lane" : `${maxConcurrency} lanes`}, while workers are killed at random, have each its own answer or the loss of its worker, and none runs twice`, async () => {
    await withPlugin({ maxConcurrency }, (plugin, held) => killAtRandom(plugin, held));
  });
}

async function killAtRandom(plugin: AheadPlugin, held: Held): Promise<void> {
  let next = 0;
  const lost = new Set<number>();
  const caller = async () => {
    while (next < 5_000) {
      const n = next++;
      // Some take so long that the calls behind them are given to other lanes.
      const answer = await plugin.execute({ n, ms: n % 500 < 4 ? 15 : 0 }).catch((error) => error);
      if (answer instanceof WorkerExitError) lost.add(n);
      else assertEquals(answer, n);
    }
  };
  let isOver = false;
  const killer = async () => {
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, 20 * Math.random()));
      plugin.worker.kill();
    }
  };
  const killing = killer();
  await Promise.all(Array.from({ length: 64 }, caller));
  isOver = true;
  await killing;
  const counts = new Map<unknown, number>();
  for (const n of held.begun) counts.set(n, (counts.get(n) ?? 0) + 1);
  assertEquals([...counts].filter(([, count]) => count > 1), []);
  assert(lost.size <= plugin.maxConcurrency * plugin.workers.length, `${lost.size} of ${plugin.workers.length}`);
}

/** How a worker is called by many at once. HTTP, by which nothing goes ahead, has fewer calls to do. */
const CROWDS = [
  ...BOTH.map((face) => ({ face, lanes: 1, count: 2_000, kills: 5 })),
  ...BOTH.map((face) => ({ face, lanes: 4, count: 1_000, kills: 4 })),
  ...BOTH.map((face) => ({ face: { ...face, upgrade: false as const }, lanes: 1, count: 300, kills: 2 })),
];

for (const { face, lanes, count, kills } of CROWDS) {
  const name = `${labelOf(face)}, ${lanes === 1 ? "one lane" : `${lanes} lanes`}`;
  Deno.test(`${name}: 64 callers, while workers are killed at random, have each its own answer, and none that has begun runs twice`, async () => {
    await using scratch = await ScratchWatch.create();
    const begun = `${scratch.path}/begun`;
    const restart = { mode: "always", initial_delay_ms: 1, max_delay_ms: 1, max_crashes: 1_000 } as const;
    const plugin = await startFixture(face, "numbered", { manifest: { restart, max_concurrency: lanes } });
    let next = 0;
    const ends = new Map<number, unknown>();
    const ms = (n: number): number => lanes > 1 && n % 200 < lanes - 1 ? 15 : 0;
    const caller = async () => {
      for (let n = next++; n < count; n = next++) ends.set(n, await plugin.execute({ n, begun, ms: ms(n) }).catch((error) => error));
    };
    const killer = async () => {
      for (let killed = 0; killed < kills; killed++) {
        await eventually(() => ends.size > count / (kills + 1) * (killed + 1) || ends.size === count, "answers");
        await killWorker(plugin);
      }
    };
    await Promise.all([killer(), ...Array.from({ length: 64 }, caller)]);
    await plugin.cleanup();
    assertEquals(ends.size, count);
    for (const [n, end] of ends) assert(end === n || end instanceof WorkerExitError, `call ${n} ended with ${end}`);
    const numbers = (await Deno.readTextFile(begun)).trim().split("\n");
    assertEquals(numbers.length, new Set(numbers).size);
    await Deno.remove(begun);
  });
}

/** Kills the worker that runs, if there is one at the moment. */
async function killWorker(plugin: RemotePluginProxy): Promise<void> {
  const { pid } = plugin;
  try {
    Deno.kill(pid!, "SIGKILL");
  } catch {
    return; // It has ended, and the next one is not there yet.
  }
  await gone(pid!);
}
