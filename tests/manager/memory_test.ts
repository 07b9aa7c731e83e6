import { assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { WorkerStartError } from "@remote-plugin/proxy";
import { LoopWatch } from "../support/loop_watch.ts";
import { ManagerWatch, pythonManifest } from "../support/managed_plugins.ts";

// W33: the manager waits without stopping the host.
Deno.test("a plugin that does not fit into memory waits for the idle one to be unloaded for it", async () => {
  const sized = (name: string) => pythonManifest("naps", { name, resources: { min_gpu_vram_mb: 6_000 } });
  await using watch = await ManagerWatch.create({ manifests: [await sized("a"), await sized("b")], memory: { gpuMb: 8_000 } });
  const { manager } = watch;
  const busy = manager.get("a").execute({ seconds: 0.3 });
  await watch.told("ready");
  using loop = new LoopWatch();
  const b = manager.get("b").execute();
  b.catch(() => {});
  await watch.told("waiting");
  assertEquals([manager.info("a").state.kind, manager.info("b").state.kind], ["running", "starting"]);
  await Promise.all([busy, b]);
  assertLess(loop.longestMs, 200);
  assertEquals(watch.events.filter(({ type }) => type === "stopped").map((event) => "reason" in event && event.reason), ["evicted"]);
  assertEquals(watch.workers, 1);
});

Deno.test("with the policy error a plugin that does not fit says what holds the memory, with wait it waits", async () => {
  const sized = (name: string) => pythonManifest("naps", { name, resources: { min_system_ram_mb: 600 } });
  const manifests = [await sized("a"), await sized("b")];
  {
    await using watch = await ManagerWatch.create({ manifests, memory: { systemMb: 1_000, policy: "error" } });
    await watch.manager.load("a");
    const error = await assertRejects(() => watch.manager.load("b"), WorkerStartError);
    assertEquals(error.phase, "admission");
    assertStringIncludes(error.message, 'it needs 600 MiB of memory, and 400 of 1000 are free. Unload "a"');
  }
  await using watch = await ManagerWatch.create({ manifests, memory: { systemMb: 1_000, policy: "wait" } });
  await watch.manager.load("a");
  const b = watch.manager.load("b");
  await watch.told("waiting");
  await watch.manager.unload("a");
  await b;
  assertEquals(watch.workers, 1);
});

Deno.test("a plugin that could never fit is refused at once, and a reload that does not fit beside itself lets the old worker go first", async () => {
  const resources = { min_gpu_vram_mb: 6_000 };
  await using small = await ManagerWatch.of("naps", { memory: { gpuMb: 4_000 } }, { resources });
  await assertRejects(() => small.manager.load("naps"), WorkerStartError, "it needs 6000 MiB of GPU memory, and the budget is 4000");
  await using watch = await ManagerWatch.of("naps", { memory: { gpuMb: 8_000 } }, { resources });
  const before = await watch.manager.get("naps").execute();
  await watch.manager.reload("naps");
  assertEquals(await watch.manager.get("naps").execute() === before, false);
  assertEquals(watch.events.map(({ type }) => type), ["starting", "ready", "stopped", "starting", "ready"]);
});

Deno.test("two pools that fit only one after the other do not wait for each other", async () => {
  const sized = (name: string) => pythonManifest("naps", { name, resources: { min_gpu_vram_mb: 3_000 } });
  const manifests = [await sized("a"), await sized("b")];
  await using watch = await ManagerWatch.create({ manifests, memory: { gpuMb: 8_000 }, replicas: { min: 2 } });
  const pids = await Promise.all([watch.manager.get("a").execute(), watch.manager.get("b").execute()]);
  assertEquals([new Set(pids).size, watch.workers], [2, 2]);
});
