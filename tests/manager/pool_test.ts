import { assertEquals, assertRejects } from "@std/assert";
import { CallCancelledError, CallTimeoutError, RemoteError, WorkerExitError, WorkerStartError } from "@remote-plugin/proxy";
import type { PluginInterface } from "@remote-plugin/proxy";
import { eventually } from "../support/guard.ts";
import { ManagerWatch, pythonManifest } from "../support/managed_plugins.ts";

Deno.test("a plugin with no least number of workers has one when it is asked something", async () => {
  await using watch = await ManagerWatch.create({ manifests: [await pythonManifest("configured")], replicas: { min: 0 } });
  const plugin = watch.manager.get("configured");
  assertEquals(typeof (await plugin.getCurrentConfig()), "object");
  assertEquals([await plugin.isAlive(), watch.workers], [true, 1]);
});

Deno.test("a pool starts workers up to its maximum when all are busy, and ends the idle ones", async () => {
  await using watch = await ManagerWatch.of("naps", { replicas: { min: 1, max: 3 }, unloadAfterMs: 300 });
  const plugin = watch.manager.get("naps");
  const pids = await Promise.all(Array.from({ length: 12 }, () => plugin.execute({ seconds: 0.1 })));
  assertEquals([new Set(pids).size, watch.workers], [3, 3]);
  await watch.told("stopped", 3);
  assertEquals(watch.workers, 0);
});

Deno.test("a pool gives each call to the worker with the fewest, and keeps a spare one warm", async () => {
  await using watch = await ManagerWatch.of("holds", { replicas: { max: 3, spare: 1 } });
  const plugin = watch.manager.get("holds");
  const first = plugin.executeStream({ hold: "a" });
  await first.next();
  await watch.told("ready", 2);
  assertEquals(watch.workers, 2);
  const second = plugin.executeStream({ hold: "b" });
  await second.next();
  await watch.told("ready", 3);
  assertEquals(await plugin.cancel(), true);
  await Promise.all([first, second].map((stream) => assertRejects(() => stream.next(), CallCancelledError)));
});

Deno.test("a callback calls its own plugin where a worker is free or can be started, and is refused elsewhere", async () => {
  for (const [max, isRefused] of [[1, true], [2, false]] as const) {
    await using watch = await ManagerWatch.of("calls_back", { replicas: { max } });
    const plugin = watch.manager.get("calls_back");
    const outcome = plugin.execute({ function: () => plugin.execute({ function: () => 3 }) });
    if (isRefused) await assertRejects(() => outcome, RemoteError, "in a callback of its own call");
    else assertEquals(await outcome, 3);
    assertEquals(await plugin.execute({ function: () => 4 }), 4);
  }
});

Deno.test("a worker that dies takes its own calls with it, and the next call gets a new one", async () => {
  await using watch = await ManagerWatch.of("exits");
  const { manager } = watch;
  await assertRejects(() => manager.get("exits").execute(), WorkerExitError);
  await watch.told("exited");
  assertEquals(manager.info("exits").state, { kind: "registered" });
  await assertRejects(() => manager.get("exits").execute(), WorkerExitError);
  await watch.told("ready", 2);
});

Deno.test("calls that wait for a worker that dies get another one", async () => {
  await using watch = await ManagerWatch.of("naps");
  const { manager } = watch;
  const plugin = manager.get("naps");
  const pid = await plugin.execute<number>();
  const dying = assertRejects(() => plugin.execute({ seconds: 60 }), WorkerExitError);
  const waiting = [plugin.execute(), plugin.execute()];
  Deno.kill(pid, "SIGKILL");
  await dying;
  const [a, b] = await Promise.all(waiting);
  assertEquals([a === pid, a === b], [false, true]);
});

/** Has a lone worker taken for one with brief calls, to which more of them are given than it runs. */
async function callBriefly(plugin: PluginInterface): Promise<void> {
  for (let times = 0; times < 50; times++) await plugin.execute();
}

Deno.test("brief calls that a worker had been given ahead, and not begun with when it died, are run by the next one", async () => {
  await using watch = await ManagerWatch.of("naps");
  const plugin = watch.manager.get("naps");
  await callBriefly(plugin);
  const pid = await plugin.execute<number>();
  const dying = assertRejects(() => plugin.execute({ seconds: 60 }), WorkerExitError);
  const behind = Array.from({ length: 100 }, () => plugin.execute<number>());
  await eventually(async () => (await plugin.getStats()).calls.running === 1, "the running call");
  assertEquals((await watch.manager.getStats()).plugins[0]!.calls.waiting, 100);
  Deno.kill(pid, "SIGKILL");
  await dying;
  const pids = new Set(await Promise.all(behind));
  assertEquals([pids.size, pids.has(pid)], [1, false]);
  const { succeeded, failed } = (await watch.manager.getStats()).plugins[0]!.calls;
  assertEquals([succeeded, failed], [151, 1]);
});

Deno.test("cancel() cancels calls that a worker was given ahead, and no later ones", async () => {
  await using watch = await ManagerWatch.of("holds");
  const plugin = watch.manager.get("holds");
  await callBriefly(plugin);
  const held = [plugin.execute({ hold: "a" }), ...Array.from({ length: 100 }, () => plugin.execute({ note: "never" }))];
  const ended = Promise.allSettled(held);
  await eventually(async () => (await plugin.getStats()).calls.running === 1, "the running call");
  assertEquals(await plugin.cancel(), true);
  assertEquals((await ended).every((one) => one.status === "rejected" && one.reason instanceof CallCancelledError), true);
  await plugin.execute({ note: "later" });
  const { journal } = await plugin.getCurrentConfig() as { journal: string[] };
  assertEquals(journal.filter((entry) => entry === "never" || entry === "later"), ["later"]);
});

Deno.test("a call that is not brief is given to nobody ahead: who is behind it gets the worker of the next version", async () => {
  await using watch = await ManagerWatch.of("naps");
  const plugin = watch.manager.get("naps");
  await callBriefly(plugin);
  const pid = await plugin.execute<number>({ seconds: 0.1 });
  const long = plugin.execute<number>({ seconds: 0.3 });
  const behind = plugin.execute<number>();
  await watch.manager.reload("naps");
  assertEquals([await long === pid, await behind === pid], [true, false]);
});

Deno.test("a plugin that cannot be loaded fails its callers, and the next call tries again", async () => {
  await using watch = await ManagerWatch.of("raises_at_import");
  const { manager } = watch;
  const calls = [1, 2, 3].map(() => assertRejects(() => manager.get("raises_at_import").execute(), WorkerStartError));
  const [first, second] = await Promise.all(calls);
  assertEquals([manager.info("raises_at_import").state.kind, first === second], ["failed", true]);
  await assertRejects(() => manager.get("raises_at_import").execute(), WorkerStartError);
  assertEquals(watch.events.filter(({ type }) => type === "failed").length, 2);
});

Deno.test("timeoutMs and a signal hold while a call waits for its plugin to start", async () => {
  await using watch = await ManagerWatch.of("never_loads");
  const plugin = watch.manager.get("never_loads");
  const error = await assertRejects(() => plugin.execute({}, { timeoutMs: 100 }), CallTimeoutError, "waited for a worker");
  assertEquals(error.timeoutMs, 100);
  const reason = new Error("the user left");
  assertEquals(await assertRejects(() => plugin.execute({}, { signal: AbortSignal.abort(reason) })), reason);
});

Deno.test("a worker that does not answer twice is let go, and the next call gets a new one", async () => {
  await using watch = await ManagerWatch.of("naps", { healthIntervalMs: 100 });
  const plugin = watch.manager.get("naps");
  const pid = await plugin.execute<number>();
  Deno.kill(pid, "SIGSTOP");
  await watch.told("unhealthy");
  Deno.kill(pid, "SIGCONT");
  assertEquals(await plugin.execute() === pid, false);
});

Deno.test("a worker that its manifest has started again is told, and keeps its configuration", async () => {
  await using watch = await ManagerWatch.of("naps", {}, { restart: { mode: "always", initial_delay_ms: 1 } });
  const { manager } = watch;
  await manager.configure("naps", { model: "large" });
  const plugin = manager.get("naps");
  const pid = await plugin.execute<number>();
  Deno.kill(pid, "SIGKILL");
  await watch.told("restarting");
  assertEquals(await plugin.execute() === pid, false);
  assertEquals([await plugin.getCurrentConfig(), watch.workers], [{ model: "large" }, 1]);
  assertEquals(watch.events.filter(({ type }) => type === "ready").length, 1);
});
