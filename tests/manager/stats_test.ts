import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { CallCancelledError, CallTimeoutError } from "@remote-plugin/proxy";
import { testPython } from "../support/python.ts";
import { ManagerWatch, ManifestFolder } from "../support/managed_plugins.ts";

Deno.test("getStats() adds up workers, calls, latencies and GPU memory", async () => {
  await using folder = await ManifestFolder.create({});
  const gpuProgram = join(folder.path, "nvidia-smi");
  await using watch = await ManagerWatch.of("naps", { replicas: { min: 2 }, gpuProgram });
  const plugin = watch.manager.get("naps");
  const pid = await plugin.execute<number>();
  await Promise.all([plugin.execute({ seconds: 0.05 }), plugin.execute(), plugin.execute({ nonsense: 1 }).catch(() => {})]);
  assertEquals((await watch.manager.getStats()).total.gpuMemoryMb, undefined);
  await Deno.writeTextFile(gpuProgram, `#!/bin/sh\necho "${pid}, 1500"\necho "${pid}, 250"\necho "1, 99"\n`, { mode: 0o700 });
  const { plugins: [stats], total } = await watch.manager.getStats();
  assertEquals([stats!.name, stats!.workers.length, stats!.calls.succeeded, stats!.calls.failed, stats!.calls.open], ["naps", 2, 3, 1, 0]);
  assert(stats!.calls.latencyMs!.max >= 50 && stats!.calls.latencyMs!.p50 <= stats!.calls.latencyMs!.p99);
  assertEquals([total.workers, total.gpuMemoryMb, total.memoryMb > 5], [2, 1_750, true]);
});

Deno.test("a call that its caller aborts, cancels or leaves is counted as cancelled, and one that is too late as failed", async () => {
  await using watch = await ManagerWatch.of("holds", { replicas: { max: 1 } }, { max_concurrency: 4 });
  const plugin = watch.manager.get("holds");
  const abort = new AbortController();
  const aborted = plugin.execute({ hold: "a" }, { signal: abort.signal, onProgress: () => abort.abort(new Error("enough")) });
  await assertRejects(() => aborted, Error, "enough");
  const told = Promise.withResolvers<boolean>();
  await assertRejects(
    () => plugin.execute({ hold: "a" }, { onProgress: () => told.resolve(plugin.cancel()) }),
    CallCancelledError,
  );
  await told.promise; // It would cancel the next call as well.
  for await (const _ of plugin.executeStream({ hold: "a" })) break;
  const before = AbortSignal.abort(new Error("never"));
  await assertRejects(() => plugin.execute({ hold: "a" }, { signal: before }), Error, "never");
  await assertRejects(() => plugin.execute({ hold: "a" }, { timeoutMs: 50 }), CallTimeoutError);
  const { plugins: [stats] } = await watch.manager.getStats();
  const { open, succeeded, failed, cancelled } = stats!.calls;
  assertEquals([open, succeeded, failed, cancelled], [0, 0, 1, 4]);
});

Deno.test("GPU memory is what the plugin tells where no program does, and one that hangs holds nothing up", async () => {
  await using folder = await ManifestFolder.create({
    "plugin.py": "class Plugin:\n    def execute(self, mb):\n        self.gpu_memory_mb = mb\n",
  });
  const gpuProgram = join(folder.path, "nvidia-smi");
  await Deno.writeTextFile(gpuProgram, "#!/bin/sh\nexec sleep 60\n", { mode: 0o700 });
  const manifest = { name: "gpu", python_path: testPython(), module: "plugin", class: "Plugin", plugin_path: folder.path };
  await using watch = await ManagerWatch.create({ manifests: [manifest], gpuProgram });
  const plugin = watch.manager.get("gpu");
  for (const [told, expected] of [[512.5, 512.5], ["much", undefined]]) {
    await plugin.execute({ mb: told });
    assertEquals((await watch.manager.getStats()).total.gpuMemoryMb, expected);
    if (told === 512.5) await Deno.remove(gpuProgram);
  }
});

Deno.test("the memory of a worker is that of its children too", async () => {
  await using watch = await ManagerWatch.of("starts_children");
  await watch.manager.get("starts_children").execute();
  // The worker's own memory only grows, so that it is asked for first.
  const own = (await watch.manager.get("starts_children").getStats()).memory_rss_mb;
  const { plugins: [stats] } = await watch.manager.getStats();
  assert(stats!.workers[0]!.memoryMb > own, `${stats!.workers[0]!.memoryMb} of ${own} MiB`);
});
