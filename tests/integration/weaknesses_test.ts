import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { CallCancelledError, PluginStateError, RemoteError } from "@remote-plugin/proxy";
import type { PluginStats } from "@remote-plugin/proxy/manager";
import { within } from "../support/guard.ts";
import { LoopWatch } from "../support/loop_watch.ts";
import { BOTH, fixtureManifest, gone, isRunning, ScratchWatch, startFixture } from "./fixture_proxy.ts";
import { ManagerWatch, pythonManifest } from "./managed_plugins.ts";

// Weaknesses of the original that no other test here is about; docs/from_python.md lists all of them with their tests.
for (const face of BOTH) {
  const label = face.worker;

  // W2: a plugin that takes its time to initialize is neither dead nor ended for it.
  Deno.test(`${label}: a worker answers while its plugin initializes`, async () => {
    const plugin = await startFixture(face, "spins");
    const outcome = assertRejects(() => plugin.initialize({ spin: true }), CallCancelledError);
    await until(async () => (await plugin.getStats()).calls.running === 1, "the call to begin");
    assertEquals(await plugin.isAlive(), true);
    await plugin.cleanup();
    await outcome;
  });

  // W8: a plugin whose initialize() fails is let go of like any other.
  Deno.test(`${label}: a host that gives up after a failed initialize() leaves no worker`, async () => {
    await using scratch = await ScratchWatch.create();
    const pids: number[] = [];
    await assertRejects(async () => {
      await using plugin = await startFixture(face, "configured", { scratchDir: scratch.path });
      pids.push(plugin.pid!);
      await plugin.initialize({ model: "none" });
    }, RemoteError);
    assertEquals([await isRunning(pids[0]!), scratch.names()], [false, []]);
  });

  // W17: a program in a session of its own, and the death of its worker, change nothing.
  for (const own_session of [false, true]) {
    for (const way of ["cleanup", "SIGKILL"]) {
      Deno.test(`${label}: after ${way} a program that the plugin started ${own_session ? "in a session of its own " : ""}is gone`, async () => {
        const plugin = await startFixture(face, "starts_children");
        const { pid } = await plugin.execute<{ pid: number }>({ own_session });
        assertEquals(await isRunning(pid), true);
        if (way === "SIGKILL") Deno.kill(plugin.pid!, "SIGKILL");
        else await plugin.cleanup();
        await gone(pid);
        await plugin.exited;
        await plugin.cleanup();
      });
    }
  }

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
}

// W8: a manager tells why a plugin cannot be loaded, and keeps nothing of it.
Deno.test("a manager whose plugin refuses its configuration says why and leaves no worker", async () => {
  const config_schema = { properties: { model: { default: "none" } } };
  const manifest = { ...await pythonManifest("configured"), config_schema };
  await using watch = await ManagerWatch.create({ manifests: [manifest] });
  const error = await assertRejects(() => watch.manager.load("configured"), RemoteError);
  assertEquals(error.remoteMessage, 'no such model: "none"');
  assertEquals([watch.workers, watch.events.map(({ type }) => type)], [0, ["starting", "failed"]]);
});

// W14: a forced end is told as what it is, holds up nobody, and loses nothing of how the plugin is run.
Deno.test("a call that does not let itself be cancelled costs its caller no time, and the plugin none of its settings", async () => {
  const manifest = await pythonManifest("stubborn", { max_concurrency: 2 });
  await using watch = await ManagerWatch.create({ manifests: [manifest] });
  const plugin = watch.manager.get("stubborn");
  await plugin.initialize({ model: "large" });
  const before = await plugin.getStats();
  const abort = new AbortController();
  const started = Promise.withResolvers<void>();
  const deaf = plugin.execute({ then: "deaf" }, { signal: abort.signal, onProgress: () => started.resolve() });
  deaf.catch(() => {});
  await within(started.promise, "the call");
  using loop = new LoopWatch();
  const aborted = performance.now();
  abort.abort(new Error("enough"));
  await assertRejects(() => deaf, Error, "enough");
  assertLess(performance.now() - aborted, 1_000);
  await until(async () => (await plugin.getStats().catch(() => before)).pid !== before.pid, "another worker");
  const both = ["one", "two"].map((value) => plugin.execute({ then: "echo", value }));
  assertEquals(await Promise.all(both), ["one", "two"]);
  assertLess(loop.longestMs, 1_000);
  assertEquals([await plugin.getCurrentConfig(), watch.manager.info("stubborn").maxConcurrency], [{ model: "large" }, 2]);
});

// W32: a stream goes by the same rules as a call.
Deno.test("a managed stream takes its place, is counted, is waited for by disable(), and is refused with a typed error after it", async () => {
  await using watch = await ManagerWatch.create({ manifests: [await fixtureManifest(BOTH[0]!, "reports")] });
  const { manager } = watch;
  const plugin = manager.get("reports");
  const stream = plugin.executeStream({ steps: [[0.5, "a"], [1, "b"]] });
  assertEquals((await stream.next()).value, "a");
  let isDisabled = false;
  const disabled = manager.disable("reports").then(() => isDisabled = true);
  const refused = assertRejects(() => plugin.executeStream().next(), PluginStateError, "it is disabled");
  assertEquals([(await stream.next()).value, isDisabled, (await stream.next()).done], ["b", false, true]);
  await disabled;
  await refused;
  const [{ calls: { succeeded, failed, open } }] = (await manager.getStats()).plugins as [PluginStats];
  assertEquals([succeeded, failed, open], [1, 1, 0]);
});

/** Resolves once something that is told only when it is asked for has come true. */
async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (let looks = 0; !await isSo(); looks++) {
    if (looks > 10_000) throw new Error(`Waited in vain for ${what}`);
  }
}
