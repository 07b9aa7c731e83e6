import { assertEquals, assertLess, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { PluginError, PluginStateError, RemoteError } from "@remote-plugin/proxy";
import type { PluginStats } from "@remote-plugin/proxy/manager";
import { BOTH, fixtureManifest, isRunning } from "../support/fixture_proxy.ts";
import { ManagerWatch, pythonManifest } from "../support/managed_plugins.ts";
import { eventually, within } from "../support/guard.ts";
import { LoopWatch } from "../support/loop_watch.ts";

Deno.test("a plugin is started by its first call and ended with its manager", async () => {
  await using watch = await ManagerWatch.of("naps");
  const { manager } = watch;
  assertEquals(manager.info("naps").state, { kind: "registered" });
  const pid = await manager.get("naps").execute<number>();
  assertEquals(manager.info("naps").state, { kind: "running", workers: 1 });
  assertEquals(await manager.get("naps").execute(), pid);
  await manager[Symbol.asyncDispose]();
  assertEquals(await isRunning(pid), false);
  assertEquals(watch.events.map(({ type }) => type), ["starting", "ready", "stopped"]);
});

Deno.test("what a plugin raises, streams and is asked goes through the manager as it is", async () => {
  await using watch = await ManagerWatch.create({ manifests: [await pythonManifest("raises"), await pythonManifest("reports")] });
  const error = await assertRejects(() => watch.manager.get("raises").execute(), RemoteError);
  assertStringIncludes(error.traceback, "plugin.py");
  const plugin = watch.manager.get("reports");
  const seen: unknown[] = [];
  const onProgress = ({ progress }: { progress: number }) => seen.push(progress);
  for await (const chunk of plugin.executeStream({ steps: [[0.5, "a"], [1, "b"]] }, { onProgress })) seen.push(chunk);
  assertEquals(seen, [0.5, "a", 1, "b"]);
  assertEquals([plugin.name, plugin.version, await plugin.isAlive(), await plugin.cancel()], ["reports", "1.2.3", true, false]);
  assertEquals([(await plugin.getProgress()).progress, await plugin.prefetch(), await plugin.getConfigSchema()], [1, false, {}]);
  assertEquals((await plugin.getStats()).calls.running, 0);
});

Deno.test("an unknown plugin is an error with the nearest name, an unknown version one with those that there are", async () => {
  await using watch = await ManagerWatch.of("naps");
  const error = assertThrows(() => watch.manager.get("snaps"), PluginError, 'There is no plugin "snaps". The nearest name is "naps"');
  assertEquals(error.code, "unknown_plugin");
  assertThrows(() => watch.manager.get("naps@9"), PluginError, 'Known versions are "1.2.3"');
});

Deno.test("several versions of a plugin run side by side, and the name alone means the highest", async () => {
  const versions = ["1.9.0", "1.10.0", "1.10.0-rc1"];
  const manifests = await Promise.all(versions.map((version) => pythonManifest("naps", { version })));
  await using watch = await ManagerWatch.create({ manifests });
  const { manager } = watch;
  assertEquals(manager.list().map(({ version }) => version), ["1.10.0", "1.10.0-rc1", "1.9.0"]);
  const [newest, old] = [await manager.get("naps").execute(), await manager.get("naps@1.9.0").execute()];
  assertEquals([newest === old, newest === await manager.get("naps@1.10.0").execute()], [false, true]);
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
  await eventually(async () => (await plugin.getStats().catch(() => before)).pid !== before.pid, "another worker");
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
