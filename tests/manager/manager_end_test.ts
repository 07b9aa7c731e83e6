import { assertEquals, assertRejects } from "@std/assert";
import { CallCancelledError } from "@remote-plugin/proxy";
import { isRunning } from "../support/fixture_proxy.ts";
import { ManagerWatch, ManifestFolder, pythonManifest } from "../support/managed_plugins.ts";

Deno.test("the end of a manager waits for the worker that a reload has replaced, however slowly it ends", async () => {
  await using watch = await ManagerWatch.of("naps");
  const { manager } = watch;
  const pid = await manager.get("naps").execute<number>();
  // A worker that is stopped does not hear that it shall end, and is killed when its time to clean up is over.
  Deno.kill(pid, "SIGSTOP");
  await manager.reload("naps");
  await manager[Symbol.asyncDispose]();
  assertEquals(await isRunning(pid), false);
  assertEquals(watch.events.filter(({ type }) => type === "stopped").length, 2);
});

Deno.test("the end of a manager ends a plugin whose manifest has gone, with its open calls", async () => {
  await using folder = await ManifestFolder.create({ "holds.json": await pythonManifest("holds") });
  await using watch = await ManagerWatch.create({ folders: [folder.path] });
  const { manager } = watch;
  const stream = manager.get("holds").executeStream({ hold: "a" });
  await stream.next();
  await folder.remove("holds.json");
  await manager.refresh();
  assertEquals(manager.list(), []);
  await manager[Symbol.asyncDispose]();
  await watch.told("stopped");
  await assertRejects(() => stream.next(), CallCancelledError);
});
