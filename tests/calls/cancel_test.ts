import { assert, assertEquals, assertLess, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CallCancelledError, CallTimeoutError, type RemotePluginProxy, WorkerExitError } from "@remote-plugin/proxy";
import { median, summary } from "../support/summary.ts";
import { within } from "../support/guard.ts";
import { BOTH_WIRES, ELSEWHERE, labelOf, startFixture, workerPid } from "../support/fixture_proxy.ts";

/** Short, so that the tests need not wait: the default is 2,000. */
const cancelBudgetMs = 400;

/** Starts a call that goes on and on, and waits until it does. */
async function begun(plugin: RemotePluginProxy, kwargs: Record<string, unknown>, signal?: AbortSignal) {
  const started = Promise.withResolvers<void>();
  const outcome = plugin.execute(kwargs, { signal, onProgress: () => started.resolve() });
  outcome.catch(() => {});
  await within(started.promise, `the call ${JSON.stringify(kwargs)}`);
  return { outcome };
}

/** Aborts a call; how long its caller waited for the signal's reason, in milliseconds. */
async function abortOne(plugin: RemotePluginProxy, then: string): Promise<number> {
  const abort = new AbortController();
  const { outcome } = await begun(plugin, { then }, abort.signal);
  const reason = new Error("the user left");
  const at = performance.now();
  abort.abort(reason);
  assertEquals(await assertRejects(() => outcome), reason);
  const waited = performance.now() - at;
  assertEquals(await plugin.execute({ value: "next" }), "next");
  return waited;
}

for (const face of [...BOTH_WIRES, ...ELSEWHERE]) {
  const label = labelOf(face);
  const cases = face.worker === "python" ? ["holds", "spins"] : ["holds"];

  for (const then of cases) {
    Deno.test(`${label}: the caller of code that ${then} has the signal's reason within 20 ms, and the worker goes on`, async () => {
      await using plugin = await startFixture(face, "stubborn");
      const pid = await workerPid(plugin);
      const times: number[] = [];
      for (let count = 0; count < (then === "holds" ? 20 : 5); count++) times.push(await abortOne(plugin, then));
      console.log(summary(times));
      assertLess(median(times), 20);
      assertEquals(await workerPid(plugin), pid);
    });
  }

  Deno.test(`${label}: a worker whose plugin cannot be stopped is ended, and another one with the same configuration goes on`, async () => {
    await using plugin = await startFixture(face, "stubborn", { cancelBudgetMs });
    await plugin.initialize({ model: "large" });
    const pid = await workerPid(plugin);
    assertLess(await abortOne(plugin, "deaf"), 1_000);
    assertNotEquals(await workerPid(plugin), pid);
    assertEquals(await plugin.getCurrentConfig(), { model: "large" });
  });

  Deno.test(`${label}: cancel() has the same ladder as an abort`, async () => {
    await using plugin = await startFixture(face, "stubborn", { cancelBudgetMs });
    const { outcome } = await begun(plugin, { then: "deaf" });
    assertEquals(await plugin.cancel(), true);
    await assertRejects(() => outcome, CallCancelledError);
    assertEquals(await plugin.execute({ value: "next" }), "next");
  });

  Deno.test(`${label}: a time limit has the same ladder as an abort`, async () => {
    await using plugin = await startFixture(face, "stubborn", { cancelBudgetMs });
    await assertRejects(() => plugin.execute({ then: "deaf" }, { timeoutMs: 50 }), CallTimeoutError);
    assertEquals(await plugin.execute({ value: "next" }), "next");
  });

  Deno.test(`${label}: other calls of a worker that had to be ended are told why, or run on the next one`, async () => {
    await using plugin = await startFixture(face, "stubborn", { cancelBudgetMs, manifest: { max_concurrency: 2 } });
    const holding = await begun(plugin, { then: "holds" });
    const abort = new AbortController();
    const deaf = await begun(plugin, { then: "deaf" }, abort.signal);
    const waiting = plugin.execute({ value: "waited" });
    abort.abort(new Error("enough"));
    await assertRejects(() => deaf.outcome, Error, "enough");
    const error = await assertRejects(() => holding.outcome, WorkerExitError);
    assertStringIncludes(error.message, `for "execute" had been cancelled and did not stop within ${cancelBudgetMs} ms`);
    assertEquals(await waiting, "waited");
  });

  Deno.test(`${label}: cleanup() ends a plugin that cannot be stopped`, async () => {
    const plugin = await startFixture(face, "stubborn", { cancelBudgetMs });
    const { outcome } = await begun(plugin, { then: "deaf" });
    await plugin.cleanup();
    await assertRejects(() => outcome, CallCancelledError);
    assert((await plugin.exited).signal !== undefined);
  });
}

Deno.test("python: a call that is interrupted leaves those beside it alone", async () => {
  await using plugin = await startFixture({ worker: "python", transport: "unix" }, "stubborn", { manifest: { max_concurrency: 2 } });
  const beside = new AbortController();
  const holding = await begun(plugin, { then: "holds" }, beside.signal);
  await abortOne(plugin, "spins");
  assertEquals((await plugin.getStats()).calls.running, 1);
  beside.abort();
  await assertRejects(() => holding.outcome, DOMException);
});
