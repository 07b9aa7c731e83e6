import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { CallCancelledError, CallTimeoutError, ProtocolError, WorkerExitError } from "@remote-plugin/proxy";
import type { AheadPlugin } from "../support/ahead_worker.ts";
import { withPlugin } from "../support/held_calls.ts";

/** So many calls, of which the first is held. */
function calls(plugin: AheadPlugin, count: number, rest: Record<string, unknown> = {}): Promise<unknown>[] {
  return Array.from({ length: count }, (_, n) => plugin.execute({ n, holds: n === 0, ...rest }));
}

Deno.test("calls go to the worker while it works, in order, 32 at most, and each has its own answer", async () => {
  await withPlugin({}, async (plugin, held) => {
    const answers = calls(plugin, 100);
    await plugin.worker.untilArrived(32);
    await held.untilBegun(0);
    assertEquals([plugin.numbers.length, held.begun], [32, [0]]);
    held.release(0);
    assertEquals(await Promise.all(answers), Array.from({ length: 100 }, (_, n) => n));
    assertEquals(held.begun, Array.from({ length: 100 }, (_, n) => n));
  });
});

Deno.test("no more than 64 KiB wait in the worker, and what is larger waits until nothing is before it", async () => {
  await withPlugin({}, async (plugin, held) => {
    const [first, ...some] = calls(plugin, 10, { text: "x".repeat(20_000) });
    const large = plugin.execute({ n: 10, text: "x".repeat(70_000) });
    const last = plugin.execute({ n: 11 });
    await plugin.worker.untilArrived(4);
    held.release(0);
    await plugin.worker.untilArrived(11);
    assertEquals(await Promise.all<unknown>([first, ...some, large, last]), Array.from({ length: 12 }, (_, n) => n));
    assertEquals(held.begun, Array.from({ length: 12 }, (_, n) => n));
  });
});

Deno.test("a call that waits in the worker is answered at once when it is aborted, and never run", async () => {
  await withPlugin({}, async (plugin, held) => {
    const abort = new AbortController();
    const first = plugin.execute({ n: 0, holds: true });
    const second = plugin.execute({ n: 1 }, { signal: abort.signal });
    const third = plugin.execute({ n: 2 });
    await plugin.worker.untilArrived(3);
    await held.untilBegun(0);
    abort.abort(new Error("enough"));
    assertStrictEquals(await assertRejects(() => second), abort.signal.reason);
    // The question for it has a connection of its own, which is answered while the first runs.
    await plugin.dispatch.ask({ endpoint: "health", member: "isAlive" }, {});
    held.release(0);
    assertEquals([await first, await third, held.begun], [0, 2, [0, 2]]);
  });
});

Deno.test("the call that runs is cancelled alone, and so does cancel()", async () => {
  await withPlugin({}, async (plugin, held) => {
    const abort = new AbortController();
    const first = plugin.execute({ n: 0, holds: true }, { signal: abort.signal });
    const second = plugin.execute({ n: 1, holds: true });
    const third = plugin.execute({ n: 2 });
    await held.untilBegun(0);
    abort.abort(new Error("enough"));
    assertStrictEquals(await assertRejects(() => first), abort.signal.reason);
    await held.untilBegun(1);
    assertEquals(await plugin.dispatch.cancel({}), true);
    await assertRejects(() => second, CallCancelledError);
    assertEquals([await third, plugin.workers.length], [2, 1]);
  });
});

Deno.test("cancel() asks for the call that runs by its id alone, so that the worker cannot take the one behind it for that", async () => {
  await withPlugin({}, async (plugin, held) => {
    const first = assertRejects(() => plugin.execute({ n: 0, holds: true }), CallCancelledError);
    const second = plugin.execute({ n: 1 });
    await plugin.worker.untilArrived(2);
    await held.untilBegun(0);
    assertEquals(await plugin.dispatch.cancel({}), true);
    await first;
    assertEquals([await second, new Set(plugin.worker.cancels)], [1, new Set([plugin.worker.arrived[0]!.callId])]);
  });
});

Deno.test("cancel() asks for all that runs where no call of this host does", async () => {
  await withPlugin({}, async (plugin) => {
    await plugin.execute({ n: 0 });
    assertEquals([await plugin.dispatch.cancel({}), plugin.worker.cancels], [false, [undefined]]);
  });
});

Deno.test("after a crash the call that ran is lost, and those behind it run on the next worker, once and in order", async () => {
  await withPlugin({}, async (plugin, held) => {
    const [first, ...rest] = calls(plugin, 40);
    await plugin.worker.untilArrived(32);
    await held.untilBegun(0);
    plugin.worker.kill();
    const lost = await assertRejects(() => first!, WorkerExitError);
    assertEquals(await Promise.all(rest), Array.from({ length: 39 }, (_, n) => n + 1));
    assertEquals(held.begun, Array.from({ length: 40 }, (_, n) => n));
    assertEquals(plugin.workers.length, 2);
    assertEquals(lost.calls, ["execute"]);
  });
});

Deno.test("what was answered before a crash is not run again, whoever was behind it is lost", async () => {
  await withPlugin({}, async (plugin, held) => {
    const first = plugin.execute({ n: 0 });
    const second = plugin.execute({ n: 1, holds: true });
    const third = plugin.execute({ n: 2 });
    await held.untilBegun(1);
    plugin.worker.kill();
    await assertRejects(() => second, WorkerExitError);
    assertEquals([await first, await third, held.begun], [0, 2, [0, 1, 2]]);
  });
});

Deno.test("an idempotent call that ran is sent again before those behind it", async () => {
  await withPlugin({}, async (plugin, held) => {
    const first = plugin.execute({ n: 0, holds: true }, { idempotent: true });
    const second = plugin.execute({ n: 1 });
    await plugin.worker.untilArrived(2);
    await held.untilBegun(0);
    plugin.worker.kill();
    held.release(0);
    assertEquals([await first, await second, held.begun], [0, 1, [0, 0, 1]]);
  });
});

Deno.test("when the plugin has ended its own thread, only the call that ran is lost, though the worker tells each", async () => {
  await withPlugin({}, async (plugin, held) => {
    const first = plugin.execute({ n: 0, exits: true });
    const rest = [1, 2].map((n) => plugin.execute({ n }));
    await assertRejects(() => first, WorkerExitError);
    assertEquals([await Promise.all(rest), held.begun, plugin.workers.length], [[1, 2], [1, 2], 2]);
  });
});

Deno.test("where no worker follows, those behind the call that ran are told of the end as well", async () => {
  await withPlugin({ restart: { mode: "never" } }, async (plugin, held) => {
    const ended = Promise.allSettled(calls(plugin, 3));
    await plugin.worker.untilArrived(3);
    await held.untilBegun(0);
    plugin.worker.kill();
    for (const end of await ended) assertInstanceOf((end as PromiseRejectedResult).reason, WorkerExitError);
  });
});

Deno.test("a call that cannot be stopped ends its worker, and those behind it run on the next one", async () => {
  await withPlugin({ restart: { mode: "never" }, cancelBudgetMs: 20 }, async (plugin, held) => {
    const first = plugin.execute({ n: 0, holds: "deaf" }, { timeoutMs: 10 });
    const second = plugin.execute({ n: 1 });
    await assertRejects(() => first, CallTimeoutError);
    assertEquals([await second, held.begun, plugin.workers.length], [1, [0, 1], 2]);
  });
});

Deno.test("a limit counts from the call, and silence only while nothing is before it", async () => {
  await withPlugin({}, async (plugin, held) => {
    const first = plugin.execute({ n: 0, holds: true });
    const silent = plugin.execute({ n: 1, holds: true }, { idleTimeoutMs: 20 });
    const late = plugin.execute({ n: 2 }, { timeoutMs: 60 });
    await held.untilBegun(0);
    await assertRejects(() => late, CallTimeoutError);
    assertEquals(held.begun, [0]);
    held.release(0);
    assertEquals(await first, 0);
    const error = await assertRejects(() => silent, CallTimeoutError);
    assertEquals([error.idle, held.begun, plugin.workers.length], [true, [0, 1], 1]);
  });
});

Deno.test("a call with files is sent when nothing is before it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await withPlugin({ scratch: { disk: folder, memory: undefined } }, async (plugin, held) => {
      const first = plugin.execute({ n: 0, holds: true });
      const withFile = plugin.execute({ n: 1, holds: true, file: new Uint8Array(10) });
      const behind = plugin.execute({ n: 2, holds: true });
      await held.untilBegun(0);
      assertEquals(plugin.numbers, [0]);
      held.release(0);
      await held.untilBegun(1);
      await plugin.worker.untilArrived(3);
      assertEquals(plugin.numbers, [0, 1, 2]);
      for (const n of [1, 2]) held.release(n);
      assertEquals(await Promise.all([first, withFile, behind]), [0, 1, 2]);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a call with an id of its caller's goes ahead, unless the worker has another call of that id", async () => {
  await withPlugin({}, async (plugin, held) => {
    const calls = [0, 1, 2].map((n) => plugin.execute({ n, holds: true }, { callId: n === 0 ? "other" : "mine" }));
    await plugin.worker.untilArrived(2);
    await held.untilBegun(0);
    assertEquals([plugin.numbers, plugin.worker.arrived.map(({ callId }) => callId)], [[0, 1], ["other", "mine"]]);
    for (const n of [0, 1]) held.release(n);
    await held.untilBegun(2);
    assertEquals(plugin.worker.arrived.at(-1)!.callId, "mine");
    held.release(2);
    assertEquals(await Promise.all(calls), [0, 1, 2]);
  });
});

Deno.test("a call behind a stream that nobody reads on waits, and can be given up without its worker", async () => {
  await withPlugin({ cancelBudgetMs: 10 }, async (plugin, held) => {
    const chunk = JSON.stringify({ chunk: "x".repeat(1000) });
    const stream = plugin.executeStream({ n: 0, says: [...Array(5_000).fill(chunk), '{"result":null}'] });
    await stream.next();
    const abort = new AbortController();
    const given = plugin.execute({ n: 1 }, { signal: abort.signal });
    const kept = plugin.execute({ n: 2 });
    await plugin.worker.untilArrived(3);
    abort.abort(new Error("enough"));
    await assertRejects(() => given, Error, "enough");
    let count = 1;
    for await (const _ of stream) count++;
    assertEquals([count, await kept, held.begun.includes(0), plugin.workers.length], [5_000, 2, true, 1]);
  });
});

Deno.test("a refusal in the midst of answers is that of its own call", async () => {
  await withPlugin({}, async (plugin, held) => {
    const first = plugin.execute({ n: 0, holds: true });
    const refused = plugin.execute({ n: 1, says: ['{"refused":{"status":413,"detail":"too large"}}'] });
    const third = plugin.execute({ n: 2 });
    await plugin.worker.untilArrived(3);
    held.release(0);
    await assertRejects(() => refused, Error, "too large");
    assertEquals([await first, await third, plugin.workers.length], [0, 2, 1]);
  });
});

for (const [what, line] of [["no JSON", "nonsense"], ["no text", [0xff]], ["no frame", '{"chunk":1,"result":1}']] as const) {
  Deno.test(`an answer that is ${what} is its own call's error; those before it have theirs, and those behind it are not run again`, async () => {
    await withPlugin({}, async (plugin, held) => {
      const first = plugin.execute({ n: 0, holds: true });
      const second = plugin.execute({ n: 1 });
      const broken = plugin.execute({ n: 2, says: [line] });
      const behind = plugin.execute({ n: 3, holds: "deaf" });
      await plugin.worker.untilArrived(4);
      held.release(0);
      await assertRejects(() => broken, ProtocolError);
      await assertRejects(() => behind, WorkerExitError, "it broke the protocol");
      assertEquals([await first, await second, await plugin.execute({ n: 4 })], [0, 1, 4]);
      assertEquals([held.begun.filter((n) => n === 3).length <= 1, plugin.workers.length], [true, 2]);
    });
  });
}

Deno.test("a worker with several lanes is sent no more than it runs while nobody knows that its calls are brief", async () => {
  await withPlugin({ maxConcurrency: 2 }, async (plugin, held) => {
    const all = [0, 1, 2].map((n) => plugin.execute({ n, holds: true }));
    await Promise.all([held.untilBegun(0), held.untilBegun(1)]);
    assertEquals(plugin.numbers.length, 2);
    for (const n of [0, 1, 2]) held.release(n);
    assertEquals(await Promise.all(all), [0, 1, 2]);
  });
});

Deno.test("brief calls go ahead to each lane, and a call behind a long one runs on a lane that has nothing to do, once", async () => {
  await withPlugin({ maxConcurrency: 2 }, async (plugin, held) => {
    await untilBrief(plugin);
    const [first, second, third, fourth] = [1, 2, 3, 4].map((n) => plugin.execute({ n, holds: n < 3 }));
    await plugin.worker.untilArrived(plugin.numbers.length + 2);
    await held.untilBegun(2);
    held.release(2);
    assertEquals(await Promise.all([second, fourth]), [2, 4]);
    // It was sent behind the first one, which is held still.
    assertEquals(await third, 3);
    held.release(1);
    assertEquals(await first, 1);
    assertEquals([1, 2, 3, 4].map((n) => held.begun.filter((each) => each === n).length), [1, 1, 1, 1]);
    assertEquals(new Set(plugin.worker.arrived.filter(({ kwargs }) => kwargs.n === 3).map(({ callId }) => callId)).size, 2);
  });
});

/** Makes the host see that calls are brief: a call that is that for its caller is for the host, too, whatever else the machine does. */
async function untilBrief(plugin: AheadPlugin): Promise<void> {
  for (let n = 100, inARow = 0; inARow < 8; n++) {
    const since = performance.now();
    await plugin.execute({ n });
    inARow = performance.now() - since < 2 ? inARow + 1 : 0;
  }
}

Deno.test("cleanup() ends what runs and what waits, and nothing of that is begun", async () => {
  await withPlugin({}, async (plugin, held) => {
    const ended = Promise.allSettled(calls(plugin, 40));
    await plugin.worker.untilArrived(32);
    await held.untilBegun(0);
    await plugin.dispatch.close();
    for (const end of await ended) assertInstanceOf((end as PromiseRejectedResult).reason, CallCancelledError);
    assertEquals(held.begun, [0]);
  });
});
