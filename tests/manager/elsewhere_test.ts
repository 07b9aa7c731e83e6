import { assertEquals, assertNotEquals } from "@std/assert";
import { elsewhere } from "../support/elsewhere.ts";
import { eventually } from "../support/guard.ts";
import { ManagerWatch, pythonManifest } from "../support/managed_plugins.ts";

const REASON = "no node has 4 GPUs";

Deno.test("workers elsewhere take nothing of the manager's memory, each is a job of its own, and events and figures name it", async () => {
  const launcher = elsewhere();
  await using watch = await ManagerWatch.of("naps", { launcher, replicas: { min: 2 }, memory: { systemMb: 100, policy: "error" } }, {
    resources: { requires_gpu: false, min_system_ram_mb: 10_000 },
  } as Record<string, unknown>);
  await watch.manager.get("naps").execute();
  const { plugins: [stats] } = await watch.manager.getStats();
  const places = stats!.workers.map(({ placement }) => placement!);
  assertEquals(places.map(({ node }) => node), ["127.0.0.1", "127.0.0.1"]);
  assertNotEquals(places[0]!.job, places[1]!.job);
  const ready = watch.events.filter((event) => event.type === "ready");
  assertEquals(ready.map(({ pid, placement }) => [pid, placement?.job]).sort(), places.map(({ job }) => [undefined, job]).sort());
});

Deno.test("a start that waits for its cluster is told by an event, by info() and by getStats(), until it begins", async () => {
  const admitted = Promise.withResolvers<void>();
  await using watch = await ManagerWatch.of("echo", { launcher: elsewhere({ queue: [REASON], admitted: admitted.promise }) });
  const call = watch.manager.get("echo").execute({ n: 1 });
  await watch.told("queued");
  const { state, queued } = watch.manager.info("echo");
  assertEquals([state.kind, queued.map(({ reason }) => reason)], ["starting", [REASON]]);
  assertEquals((await watch.manager.getStats()).plugins[0]!.queued.length, 1);
  admitted.resolve();
  assertEquals(await call, { args: [], kwargs: { n: 1 } });
  assertEquals(watch.manager.info("echo").queued, []);
  assertEquals(watch.events.map(({ type }) => type), ["starting", "queued", "starting", "ready"]);
});

Deno.test("calls are answered by the workers that there are while a further one waits for its cluster", async () => {
  let starts = 0;
  const [free, full] = [elsewhere(), elsewhere({ queue: [REASON], admitted: new Promise(() => {}) })];
  const launcher = { ...free, launch: (...args: Parameters<typeof free.launch>) => (starts++ === 0 ? free : full).launch(...args) };
  await using watch = await ManagerWatch.of("naps", { launcher, replicas: { max: 2 } });
  const plugin = watch.manager.get("naps");
  await plugin.execute();
  await Promise.all([plugin.execute({ seconds: 0.05 }), plugin.execute(), plugin.execute()]);
  const { state, queued } = watch.manager.info("naps");
  assertEquals([state, queued.map(({ reason }) => reason)], [{ kind: "running", workers: 1 }, [REASON]]);
});

Deno.test("a plugin elsewhere that is idle for long has no worker, and its next call starts one", async () => {
  await using watch = await ManagerWatch.of("naps", { launcher: elsewhere(), unloadAfterMs: 50 });
  const plugin = watch.manager.get("naps");
  const first = await plugin.execute();
  const stopped = await watch.told("stopped");
  assertEquals([stopped.type === "stopped" && stopped.reason, watch.workers], ["idle", 0]);
  assertNotEquals(await plugin.execute(), first);
});

Deno.test("each plugin may have a launcher of its own", async () => {
  const manifests = [await pythonManifest("naps"), await pythonManifest("echo")];
  await using watch = await ManagerWatch.create({ manifests, plugins: { naps: { launcher: elsewhere() } } });
  for (const name of ["naps", "echo"]) await watch.manager.get(name).execute();
  const { plugins } = await watch.manager.getStats();
  assertEquals(plugins.map(({ name, workers: [worker] }) => [name, worker!.placement?.node]).sort(), [["echo", undefined], [
    "naps",
    "127.0.0.1",
  ]]);
});

Deno.test("a worker elsewhere that is started again, and waits for its cluster, is not taken for one that does not answer", async () => {
  let starts = 0;
  const admitted = Promise.withResolvers<void>();
  const [free, full] = [elsewhere(), elsewhere({ queue: [REASON], admitted: admitted.promise })];
  const launcher = { ...free, launch: (...args: Parameters<typeof free.launch>) => (starts++ === 0 ? free : full).launch(...args) };
  const restart = { mode: "on_failure", initial_delay_ms: 1 } as const;
  await using watch = await ManagerWatch.of("stubborn", { launcher, healthIntervalMs: 20 }, { restart, start_timeout_ms: 100 });
  const plugin = watch.manager.get("stubborn");
  await plugin.execute({ then: "exit", value: 7 }).catch(() => {});
  await watch.told("queued");
  const next = plugin.execute({ value: "next" });
  await new Promise((resolve) => setTimeout(resolve, 300)); // Several looks at its health, and longer than a start may take.
  assertEquals(watch.events.some(({ type }) => type === "unhealthy"), false);
  admitted.resolve();
  assertEquals(await next, "next");
  await eventually(() => watch.manager.info("stubborn").queued.length === 0, "the end of the queue");
});
