import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { type Launcher, PluginStateError, WorkerStartError } from "@remote-plugin/proxy";
import { elsewhere } from "../support/elsewhere.ts";
import { eventually, within } from "../support/guard.ts";
import { ManagerWatch, pythonManifest } from "../support/managed_plugins.ts";

const REASON = "no node has 4 GPUs";

/** Starts the first worker by one launcher, and those after it by another one. */
function second(others: Launcher, first: Launcher = elsewhere()): Launcher {
  let starts = 0;
  return { ...first, launch: (...args) => (starts++ === 0 ? first : others).launch(...args) };
}

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
  const launcher = second(elsewhere({ queue: [REASON], admitted: new Promise(() => {}) }));
  await using watch = await ManagerWatch.of("naps", { launcher, replicas: { max: 2 } });
  const plugin = watch.manager.get("naps");
  await plugin.execute();
  await Promise.all([plugin.execute({ seconds: 0.05 }), plugin.execute(), plugin.execute()]);
  const { state, queued } = watch.manager.info("naps");
  assertEquals([state, queued.map(({ reason }) => reason)], [{ kind: "running", workers: 1 }, [REASON]]);
});

Deno.test("a start that waits is given up when its plugin is unloaded by force, or its manager disposed, and its callers are told", async () => {
  const admitted = new Promise(() => {});
  for (const end of ["unload", "dispose"] as const) {
    await using watch = await ManagerWatch.of("naps", {
      launcher: elsewhere({ queue: [REASON], admitted }),
      replicas: { min: 2 },
    });
    const call = assertRejects(() => watch.manager.get("naps").execute(), PluginStateError, "was stopped");
    await watch.told("queued", 2);
    await within(end === "unload" ? watch.manager.unload("naps", { force: true }) : watch.manager[Symbol.asyncDispose](), "the end");
    await call;
    if (end === "dispose") continue;
    const { state, queued } = watch.manager.info("naps");
    assertEquals([state, queued], [{ kind: "registered" }, []]);
    assertEquals(watch.events.some(({ type }) => type === "failed"), false);
  }
});

Deno.test("a further start that waits holds up no unload() and no reload()", async () => {
  const launcher = second(elsewhere({ queue: [REASON], admitted: new Promise(() => {}) }));
  await using watch = await ManagerWatch.of("naps", { launcher, replicas: { max: 2 } });
  const plugin = watch.manager.get("naps");
  await plugin.execute();
  await Promise.all([plugin.execute({ seconds: 0.05 }), plugin.execute()]);
  await watch.told("queued");
  await within(watch.manager.unload("naps"), "the end of the plugin");
  assertEquals([watch.manager.info("naps").state, watch.manager.info("naps").queued], [{ kind: "registered" }, []]);
});

Deno.test("of several workers that are started together none waits any more when one cannot be started", async () => {
  const failing = {
    ...elsewhere(),
    launch: () => Promise.reject(new WorkerStartError("no such node", { plugin: "naps", phase: "spawn" })),
  };
  const waiting = elsewhere({ queue: [REASON], admitted: new Promise(() => {}) });
  await using watch = await ManagerWatch.of("naps", { launcher: second(failing, waiting), replicas: { min: 2 } });
  await within(assertRejects(() => watch.manager.get("naps").execute(), WorkerStartError, "no such node"), "the failure");
  assertEquals(watch.manager.info("naps").queued, []);
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

Deno.test("a worker elsewhere that is started again waits for its cluster, and its calls with it", async () => {
  const admitted = Promise.withResolvers<void>();
  const launcher = second(elsewhere({ queue: [REASON], admitted: admitted.promise }));
  const restart = { mode: "on_failure", initial_delay_ms: 1 } as const;
  await using watch = await ManagerWatch.of("stubborn", { launcher, healthIntervalMs: 20 }, { restart });
  const plugin = watch.manager.get("stubborn");
  await plugin.execute({ then: "exit", value: 7 }).catch(() => {});
  await watch.told("queued");
  const next = plugin.execute({ value: "next" });
  admitted.resolve();
  assertEquals(await next, "next");
  await eventually(() => watch.manager.info("stubborn").queued.length === 0, "the end of the queue");
});
