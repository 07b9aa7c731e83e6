import { assert, assertEquals, assertRejects } from "@std/assert";
import { CallCancelledError, ManifestError, PluginStateError, WorkerStartError } from "@remote-plugin/proxy";
import { PluginManager } from "@remote-plugin/proxy/manager";
import { isRunning } from "../support/fixture_proxy.ts";
import { ManagerWatch, ManifestFolder, pythonManifest } from "../support/managed_plugins.ts";

Deno.test("reload() lets calls in flight finish, while new ones go to the new worker", async () => {
  await using watch = await ManagerWatch.of("holds");
  const { manager } = watch;
  const plugin = manager.get("holds");
  const started = Promise.withResolvers<void>();
  const stream = plugin.executeStream({ hold: "a" }, { onProgress: () => started.resolve() });
  assertEquals((await stream.next()).value, "a");
  await manager.reload("holds");
  assertEquals(await plugin.execute({ note: "new" }), "new");
  assertEquals((await plugin.getCurrentConfig()).journal, ["new"]);
  assertEquals(watch.events.filter(({ type }) => type === "stopped").length, 0);
  await stream.return();
  await watch.told("stopped");
  assertEquals(watch.workers, 1);
});

Deno.test("a reload that fails leaves the workers as they are", async () => {
  const naps = await pythonManifest("naps");
  await using folder = await ManifestFolder.create({ "naps.json": naps });
  await using watch = await ManagerWatch.create({ folders: [folder.path] });
  const before = await watch.manager.get("naps").execute();
  await folder.write("naps.json", { ...naps, class: "Nope" });
  await assertRejects(() => watch.manager.reload("naps"), WorkerStartError, "Nope");
  assertEquals(await watch.manager.get("naps").execute(), before);
  await folder.write("naps.json", { ...naps, name: "renamed" });
  await assertRejects(() => watch.manager.reload("naps"), ManifestError, "renamed");
});

Deno.test("unload() waits for open calls, and by force it cancels them", async () => {
  await using watch = await ManagerWatch.of("holds", {}, { max_concurrency: 2 });
  const { manager } = watch;
  const plugin = manager.get("holds");
  const holding = plugin.executeStream({ hold: "a" });
  await holding.next();
  const unloading = manager.unload("holds");
  await holding.return();
  await unloading;
  assertEquals(manager.info("holds").state, { kind: "registered" });
  const held = plugin.executeStream({ hold: "b" });
  await held.next();
  const waiting = manager.unload("holds");
  await manager.unload("holds", { force: true });
  await waiting;
  await assertRejects(() => held.next(), CallCancelledError);
  assertEquals(watch.workers, 0);
});

Deno.test("a plugin that swallows its end is ended all the same, and the others with it", async () => {
  const manifests = await Promise.all(["swallows_cancel", "naps"].map((fixture) => pythonManifest(fixture)));
  await using watch = await ManagerWatch.create({ manifests });
  const started = Promise.withResolvers<void>();
  const stuck = watch.manager.get("swallows_cancel").execute({}, { onProgress: () => started.resolve() }).catch((error) => error);
  const pid = await watch.manager.get("naps").execute<number>();
  await watch.told("ready", 2);
  await watch.manager[Symbol.asyncDispose]();
  assert(await stuck instanceof Error);
  assertEquals(await isRunning(pid), false);
});

Deno.test("a disabled plugin refuses calls until it is enabled", async () => {
  await using watch = await ManagerWatch.of("naps");
  const { manager } = watch;
  await manager.load("naps");
  await manager.disable("naps");
  await manager.disable("naps");
  assertEquals(manager.info("naps").state, { kind: "disabled" });
  await assertRejects(() => manager.get("naps").execute(), PluginStateError, 'it is disabled. Call enable("naps") first');
  await assertRejects(() => manager.load("naps"), PluginStateError);
  manager.enable("naps");
  assertEquals(typeof await manager.get("naps").execute(), "number");
});

Deno.test("an idle plugin is ended after unloadAfterMs, and its next call starts it again with its configuration", async () => {
  await using watch = await ManagerWatch.of("naps", { unloadAfterMs: 50 });
  const { manager } = watch;
  await manager.configure("naps", { model: "large" });
  const before = await manager.get("naps").execute();
  const { reason } = await watch.told("stopped") as { reason?: string };
  assertEquals([reason, manager.info("naps").state.kind], ["idle", "registered"]);
  assertEquals(await manager.get("naps").getCurrentConfig(), { model: "large" });
  assertEquals(await manager.get("naps").execute() === before, false);
});

Deno.test("a handle that was let go refuses calls, and the plugin goes on", async () => {
  await using watch = await ManagerWatch.of("naps");
  const plugin = watch.manager.get("naps");
  const pid = await plugin.execute();
  await plugin.cleanup();
  await assertRejects(() => plugin.execute(), PluginStateError, "Get the plugin from its manager again");
  assertEquals([await plugin.isAlive(), await watch.manager.get("naps").execute()], [false, pid]);
});

Deno.test("a manager that is disposed during a start ends it, and refuses what comes later", async () => {
  await using watch = await ManagerWatch.of("never_loads");
  const call = assertRejects(() => watch.manager.get("never_loads").execute(), PluginStateError, "its manager was disposed");
  await watch.told("starting");
  await watch.manager[Symbol.asyncDispose]();
  await call;
  await assertRejects(() => watch.manager.load("never_loads"), PluginStateError);
});

Deno.test("sockets go to socketDir, and none is left", async () => {
  await using folder = await ManifestFolder.create({});
  await using watch = await ManagerWatch.of("naps", { socketDir: folder.path });
  await watch.manager.load("naps");
  assertEquals([...Deno.readDirSync(folder.path)].length, 1);
  await watch.manager[Symbol.asyncDispose]();
  assertEquals([...Deno.readDirSync(folder.path)].length, 0);
});

Deno.test("a manager with a manifest that cannot be used is not made", async () => {
  await assertRejects(() => PluginManager.create({ manifests: [{ module: "x" }] }), ManifestError);
});
