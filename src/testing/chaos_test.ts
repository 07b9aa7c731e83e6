import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  CallCancelledError,
  CallError,
  type CallOptions,
  CallTimeoutError,
  type PluginInterface,
  RemotePluginProxy,
  WorkerExitError,
} from "@remote-plugin/proxy";
import { chaos, type ChaosFault, inMemoryWorker } from "./mod.ts";

const PLUGIN = {
  execute: ({ value }: { value: number }) => value,
  *executeStream({ value }: { value: number }) {
    for (let at = 0; at < value; at++) yield at;
  },
};

async function attached(): Promise<RemotePluginProxy> {
  return await RemotePluginProxy.attach(inMemoryWorker(PLUGIN));
}

/** What becomes of so many calls. */
async function outcomes(plugin: PluginInterface, count: number, options: CallOptions = {}): Promise<string[]> {
  const one = (value: number) => plugin.execute({ value }, options).then(String, (error) => error.constructor.name);
  return await Promise.all(Array.from({ length: count }, (_, value) => one(value)));
}

Deno.test("chaos: the same seed gives the same calls the same fate, and another seed another one", async () => {
  await using plugin = await attached();
  const options = { crash: 0.2, stall: 0.2, slow: [0, 3] } as const;
  const [first, again, other] = await Promise.all(
    [7, 7, 8].map((seed) => outcomes(chaos(plugin, { ...options, seed }), 40, { timeoutMs: 300 })),
  );
  assertEquals(first, again);
  assert(first!.some((outcome, at) => outcome !== other![at]), "all fates of another seed are the same");
  assertEquals(new Set(first!.filter((outcome) => Number.isNaN(Number(outcome)))), new Set(["CallTimeoutError", "WorkerExitError"]));
});

Deno.test("chaos: about as many calls meet with something as it was told", async () => {
  await using plugin = await attached();
  const found = await outcomes(chaos(plugin, { crash: 0.1, seed: 1 }), 1_000);
  const crashed = found.filter((outcome) => outcome === "WorkerExitError").length;
  assert(crashed > 60 && crashed < 140, `${crashed} of 1,000 crashed`);
  assertEquals(await outcomes(chaos(plugin, {}), 3), ["0", "1", "2"]);
});

Deno.test("chaos: the seed is told by the plugin, by each fault and by each error", async () => {
  await using plugin = await attached();
  const faults: ChaosFault[] = [];
  const chaotic = chaos(plugin, { crash: 1, onFault: (fault) => faults.push(fault) });
  const { seed } = chaotic.chaos;
  const error = await assertRejects(() => chaotic.execute({ value: 1 }), WorkerExitError);
  assertStringIncludes(error.message, `was ended while it ran "execute", for chaos crashed it, by the seed ${seed} at call 1`);
  assertEquals([error.signal, error.calls, faults], ["SIGKILL", ["execute"], [{
    seed,
    call: 1,
    member: "execute",
    kind: "crash",
    delayMs: 0,
  }]]);
  const stalls = chaos(plugin, { stall: 1, seed: 5 });
  const late = await assertRejects(() => stalls.execute({ value: 1 }, { timeoutMs: 20 }), CallTimeoutError);
  assertStringIncludes(late.message, "longer than its limit of 20 ms. Chaos held it up, by the seed 5 at call 1");
  const silent = await assertRejects(() => stalls.execute({ value: 1 }, { idleTimeoutMs: 20 }), CallTimeoutError);
  assertEquals([silent.idle, silent.timeoutMs], [true, 20]);
});

Deno.test("chaos: a call that stalls ends by its signal, by cancel() and by cleanup()", async () => {
  const plugin = chaos(await attached(), { stall: 1, seed: 1 });
  const abort = new AbortController();
  const aborted = assertRejects(() => plugin.execute({ value: 1 }, { signal: abort.signal }), Error, "enough");
  abort.abort(new Error("enough"));
  await aborted;
  const cancelled = assertRejects(() => plugin.execute({ value: 1 }), CallCancelledError, "cancel() was called");
  assertEquals([await plugin.cancel(), await plugin.cancel()], [true, false]);
  await cancelled;
  const ended = assertRejects(() => plugin.executeStream({ value: 1 }).next(), CallCancelledError, "cleanup() was called");
  await plugin.cleanup();
  await ended;
});

Deno.test("chaos: a slow call takes its time from its limit, and gives its answer", async () => {
  await using plugin = await attached();
  const slow = chaos(plugin, { slow: 30, seed: 1 });
  const began = performance.now();
  assertEquals(await slow.execute({ value: 1 }), 1);
  assert(performance.now() - began >= 29);
  await assertRejects(() => slow.execute({ value: 1 }, { timeoutMs: 10 }), CallTimeoutError);
  await assertRejects(() => slow.execute({ value: 1 }, { timeoutMs: -1 }), CallError, "timeoutMs");
  assertEquals(await Array.fromAsync(slow.executeStream({ value: 2 })), [0, 1]);
});

Deno.test("chaos: a stream breaks after some of its chunks, and a call that may be sent again is", async () => {
  await using plugin = await attached();
  const chaotic = chaos(plugin, { crash: 1, seed: 3 });
  const lengths = new Set<number>();
  for (let times = 0; times < 12; times++) {
    const seen: number[] = [];
    await assertRejects(async () => {
      for await (const chunk of chaotic.executeStream<number>({ value: 10 })) seen.push(chunk);
    }, WorkerExitError);
    assertEquals(seen, seen.map((_, at) => at));
    lengths.add(seen.length);
  }
  assertEquals([...lengths].sort(), [0, 1, 2, 3]);
  assertEquals(await chaotic.execute({ value: 1 }, { idempotent: true }), 1);
  for await (const _ of chaotic.executeStream({ value: 10 })) break;
});

Deno.test("chaos: all else is the plugin's own, also through chaos of chaos", async () => {
  await using plugin = await attached();
  const chaotic = chaos(chaos(plugin, { slow: 1, seed: 1 }), { slow: 1, seed: 2 });
  assert(chaotic instanceof RemotePluginProxy);
  assertEquals([chaotic.name, chaotic.maxConcurrency, chaotic.pid, await chaotic.isAlive()], ["plugin", 1, undefined, true]);
  assertEquals([chaotic.chaos.seed, await chaotic.execute({ value: 1 })], [2, 1]);
});

Deno.test("chaos: what is no share, no time and no seed is refused", async () => {
  await using plugin = await attached();
  const wrong = [
    { crash: -1 },
    { crash: NaN },
    { stall: 2 },
    { crash: 0.6, stall: 0.6 },
    { slow: -1 },
    { slow: [2, 1] as const },
    { slow: Infinity },
    { seed: 0.5 },
    { seed: -1 },
  ];
  for (const options of wrong) assertThrows(() => chaos(plugin, options), RangeError, "Cannot make chaos", JSON.stringify(options));
  assertThrows(() => chaos(plugin, { crash: "1" as unknown as number }), RangeError);
});
