import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { CallCancelledError } from "@remote-plugin/proxy";
import { within } from "../support/guard.ts";
import { LoopWatch } from "../support/loop_watch.ts";
import { BOTH, startFixture } from "../support/fixture_proxy.ts";

for (const face of BOTH) {
  const label = face.worker;

  // W27: a large argument is read, and a large result written, beside what else there is to answer.
  Deno.test(`${label}: it answers again and again while it takes and gives thirty megabytes`, async () => {
    await using plugin = await startFixture(face, "gives_back");
    const value = "x".repeat(30_000_000);
    const began = performance.now();
    let took: number | undefined;
    const call = plugin.execute({ value }).finally(() => took = performance.now() - began);
    const waits: number[] = [];
    while (took === undefined) {
      const asked = performance.now();
      assertEquals(await plugin.isAlive(), true);
      waits.push(performance.now() - asked);
    }
    assertEquals(await call === value, true);
    assert(waits.length > 5, `it answered ${waits.length} times`);
    assertLess(Math.max(...waits), took / 2);
  });

  // W29: however many streams are open, a worker answers and can be told to stop.
  Deno.test(`${label}: it is alive and can be cancelled while forty-five streams are open`, async () => {
    await using plugin = await startFixture(face, "holds", { manifest: { max_concurrency: 45 } });
    const streams = Array.from({ length: 45 }, (_, index) => plugin.executeStream({ hold: String(index) }));
    await Promise.all(streams.map((stream) => stream.next()));
    const ends = streams.map((stream) => assertRejects(() => stream.next(), CallCancelledError));
    assertEquals([await plugin.isAlive(), await plugin.cancel()], [true, true]);
    await Promise.all(ends);
  });

  // W34: a start and an end leave the host free to do something else.
  Deno.test(`${label}: the host goes on while a worker starts, and while one ends that does not want to`, async () => {
    using loop = new LoopWatch();
    const began = performance.now();
    const plugin = await startFixture(face, "loads_slowly");
    await plugin.cleanup();
    const stubborn = await startFixture(face, "stubborn", { cancelBudgetMs: 200 });
    const started = Promise.withResolvers<void>();
    const deaf = assertRejects(() => stubborn.execute({ then: "deaf" }, { onProgress: () => started.resolve() }), CallCancelledError);
    await within(started.promise, "the call");
    await stubborn.cleanup();
    await deaf;
    assertLess(loop.longestMs, (performance.now() - began) / 3);
  });

  // After many small calls both threads of a Deno worker sleep for each other.
  Deno.test(`${label}: it answers, and can be told to stop, while a call holds that came after many small ones`, async () => {
    await using plugin = await startFixture(face, "soaks");
    for (let round = 0; round < 3; round++) {
      for (let number = 0; number < 200; number++) assertEquals(await plugin.execute({ value: number }), number);
      const holds = Promise.withResolvers<void>();
      const held = assertRejects(() => plugin.execute({ hold: true }, { onProgress: () => holds.resolve() }), CallCancelledError);
      await within(holds.promise, "the call");
      assertEquals([await plugin.isAlive(), await plugin.cancel()], [true, true]);
      await held;
    }
  });
}
