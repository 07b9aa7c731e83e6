import { assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { CallTimeoutError, type RestartEvent, WorkerExitError } from "@remote-plugin/proxy";
import { chaos } from "@remote-plugin/proxy/testing";
import { BOTH, startBlocking, startFixture } from "../support/fixture_proxy.ts";
import { ManagerWatch } from "../support/managed_plugins.ts";

for (const face of BOTH) {
  const { worker } = face;

  Deno.test(`${worker}: chaos ends the worker in earnest, which is started again as after any crash`, async () => {
    const restarts: RestartEvent[] = [];
    const restart = { mode: "on_failure", initial_delay_ms: 1 } as const;
    await using plugin = await startFixture(face, "echo", { manifest: { restart }, onRestart: (event) => restarts.push(event) });
    const { pid } = plugin;
    const chaotic = chaos(plugin, { crash: 1, seed: 9 });
    const error = await assertRejects(() => chaotic.execute({ value: 1 }), WorkerExitError, "chaos crashed it, by the seed 9 at call 1");
    assertEquals(error.calls, ["execute"]);
    assertEquals(await plugin.execute({ value: 2 }), { args: [], kwargs: { value: 2 } });
    assertNotEquals(plugin.pid, pid);
    assertEquals(restarts.map(({ cause }) => cause.name), ["WorkerExitError"]);
    assertEquals(await chaotic.execute({ value: 3 }, { idempotent: true }), { args: [], kwargs: { value: 3 } });
    assertEquals(restarts.length, 2);
    await assertRejects(() => Array.fromAsync(chaotic.executeStream({ value: 1 })), WorkerExitError, "by the seed 9 at call 3");
  });

  Deno.test(`${worker}: without a restart a crash is the end, as of any worker`, async () => {
    await using plugin = await startFixture(face, "echo");
    const chaotic = chaos(plugin, { crash: 1 });
    await assertRejects(() => chaotic.execute(), WorkerExitError, "chaos crashed it");
    await chaotic.exited;
    await assertRejects(() => plugin.execute(), WorkerExitError);
  });

  Deno.test(`${worker}: calls of the blocking proxy crash, stall and come late too`, async () => {
    using plugin = await startBlocking(face, "echo");
    const options = { timeoutMs: 20 };
    assertThrows(() => chaos(plugin, { crash: 1, seed: 4 }).execute(), WorkerExitError, "by the seed 4 at call 1");
    assertThrows(() => [...chaos(plugin, { crash: 1, seed: 4 }).executeStream()], WorkerExitError);
    assertThrows(() => chaos(plugin, { stall: 1 }).execute({}, options), CallTimeoutError, "Chaos held it up");
    assertThrows(() => [...chaos(plugin, { slow: 50 }).executeStream({}, options)], CallTimeoutError);
    const slow = chaos(plugin, { slow: [1, 2], seed: 1 });
    assertEquals([slow.execute({ value: 1 }), slow.isAlive(), slow.chaos.seed], [{ args: [], kwargs: { value: 1 } }, true, 1]);
  });
}

Deno.test("chaos of a manager's plugin ends the worker that got the call, of which the manager tells, and the next call has another one", async () => {
  await using watch = await ManagerWatch.of("naps");
  const plugin = watch.manager.get("naps");
  const pid = await plugin.execute();
  await assertRejects(() => chaos(plugin, { crash: 1 }).execute({ seconds: 60 }), WorkerExitError, "chaos crashed it");
  const exited = await watch.told("exited");
  assertEquals(exited.type === "exited" && exited.pid, pid);
  assertNotEquals(await plugin.execute(), pid);
});
