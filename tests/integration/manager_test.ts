import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import {
  CallCancelledError,
  CallError,
  CallTimeoutError,
  ManifestError,
  PluginError,
  PluginStateError,
  ProtocolError,
  RemoteError,
  WorkerExitError,
  WorkerStartError,
} from "@remote-plugin/proxy";
import { PluginManager } from "@remote-plugin/proxy/manager";
import { LoopWatch } from "../support/loop_watch.ts";
import { isRunning, testPython } from "./fixture_proxy.ts";
import { link, ManagerWatch, ManifestFolder, pythonManifest } from "./managed_plugins.ts";

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

Deno.test("manifests are found in folders, those that cannot be used are told, and the others go on", async () => {
  const naps = await pythonManifest("naps");
  await using folder = await ManifestFolder.create({
    "a.json": naps,
    "b.json": { ...naps, class: "Other" },
    "broken.json": "{ half",
    "no_class.json": { module: "x" },
    "deno.json": "{ // other tools' files",
    "data.json": [1, 2],
    "manifests/cjm.json": { format_version: "2.0", install: { python_path: "python3" }, code: { name: "cjm", module: "m", class: "C" } },
    "inner/plugin.json": { ...naps, name: "inner" },
    "inner/other.json": "{ half",
  });
  await using watch = await ManagerWatch.create({ folders: [folder.path, join(folder.path, "not_there")] });
  assertEquals(watch.manager.list().map(({ name }) => name), ["cjm", "inner", "naps"]);
  const problems = watch.manager.problems.map(({ source, error }) => [source.slice(folder.path.length + 1), error.message]);
  assertEquals(problems.map(([source]) => source), ["b.json", "broken.json", "no_class.json"]);
  assertStringIncludes(problems[0]![1]!, `"naps" 1.2.3 is known already, by "${folder.path}/a.json"`);
  assertEquals(typeof await watch.manager.get("naps").execute(), "number");
});

Deno.test("a manifest that is edited while its plugin runs is told, and reload() brings it", async () => {
  const naps = await pythonManifest("naps");
  await using folder = await ManifestFolder.create({ "naps.json": naps });
  await using watch = await ManagerWatch.create({ folders: [folder.path], watch: true });
  const { manager } = watch;
  const before = await manager.get("naps").execute();
  await folder.write("naps.json", { ...naps, max_concurrency: 3 });
  await watch.told("changed");
  assertEquals([manager.info("naps").isOutdated, await manager.get("naps").execute()], [true, before]);
  await manager.reload("naps");
  assertEquals([manager.info("naps").isOutdated, await manager.get("naps").execute() === before], [false, false]);
  await folder.write("more.json", { ...naps, name: "more" });
  await watch.told("found", 1);
  const after = await manager.get("naps").execute();
  await folder.write("naps.json", "{ half");
  await watch.told("problem");
  assertEquals([manager.problems.length, await manager.get("naps").execute()], [1, after]);
  await folder.remove("naps.json");
  await watch.told("stopped", 2);
  assertEquals(manager.list().map(({ name }) => name), ["more"]);
});

Deno.test("a folder is watched that comes later, goes, and comes again", async () => {
  const naps = await pythonManifest("naps");
  await using folder = await ManifestFolder.create({});
  const later = join(folder.path, "deep", "later");
  await using watch = await ManagerWatch.create({ folders: [later], watch: true });
  await folder.write("deep/later/naps.json", naps);
  await watch.told("found");
  assertEquals(typeof await watch.manager.get("naps").execute(), "number");
  await Deno.remove(join(folder.path, "deep"), { recursive: true });
  await watch.told("gone");
  await folder.write("deep/later/naps.json", naps);
  await watch.told("found", 2);
  assertEquals(watch.manager.problems, []);
});

Deno.test("folders, links and renames are watched as files are: a plugin's folder that is moved in, replaced, renamed and moved out", async () => {
  const naps = await pythonManifest("naps");
  await using folder = await ManifestFolder.create({ "staged/plugin.json": naps, "plugins/README": "" });
  await using watch = await ManagerWatch.create({ folders: [join(folder.path, "plugins")], watch: true });
  const move = (from: string, to: string) => Deno.rename(join(folder.path, from), join(folder.path, to));
  await move("staged", "plugins/new");
  await watch.told("found");
  assertEquals(typeof await watch.manager.get("naps").execute(), "number");
  await folder.write("next/plugin.json", { ...naps, version: "2.0" });
  await move("plugins/new", "old");
  await move("next", "plugins/new");
  await watch.told("found", 2);
  assertEquals(watch.manager.info("naps").version, "2.0");
  await move("plugins/new", "plugins/newer");
  await watch.told("found", 3);
  assertEquals(watch.manager.info("naps").source, join(folder.path, "plugins/newer/plugin.json"));
  // In the folder that was moved in, too, a change is seen.
  await folder.write("plugins/newer/plugin.json", { ...naps, version: "3.0" });
  await watch.told("found", 4);
  await move("plugins/newer", "out");
  await watch.told("gone", 4);
  assertEquals([watch.manager.list(), watch.manager.problems], [[], []]);
});

for (const how of ["moved away", "removed"]) {
  Deno.test(`a folder that has taken the place of one that was ${how} is watched as that was`, async () => {
    const naps = await pythonManifest("naps");
    await using folder = await ManifestFolder.create({ "plugins/naps.json": naps, "next/naps.json": { ...naps, version: "2.0" } });
    const [plugins, next, old] = ["plugins", "next", "old"].map((name) => join(folder.path, name)) as [string, string, string];
    await using watch = await ManagerWatch.create({ folders: [plugins], watch: true });
    if (how === "removed") Deno.removeSync(plugins, { recursive: true });
    else Deno.renameSync(plugins, old);
    Deno.renameSync(next, plugins);
    await watch.told("found");
    assertEquals(watch.manager.info("naps").version, "2.0");
    await folder.write("plugins/naps.json", { ...naps, version: "3.0" });
    await watch.told("found", 2);
    assertEquals(watch.manager.info("naps").version, "3.0");
  });
}

Deno.test("a link that is swapped, as mounted configuration of containers is, brings what it leads to then", async () => {
  const naps = await pythonManifest("naps");
  await using folder = await ManifestFolder.create({
    "plugins/..v1/naps.json": naps,
    "plugins/..v2/naps.json": { ...naps, version: "2.0" },
    "elsewhere/v1/plugin.json": { ...naps, name: "linked" },
    "elsewhere/v2/plugin.json": { ...naps, name: "linked", version: "2.0" },
  });
  const plugins = join(folder.path, "plugins");
  await link("..v1", join(plugins, "..data"));
  await link("..data/naps.json", join(plugins, "naps.json"));
  await link("v1", join(folder.path, "elsewhere/current"));
  await link("../elsewhere/current", join(plugins, "linked"));
  await using watch = await ManagerWatch.create({ folders: [plugins], watch: true });
  const versions = () => watch.manager.list().map(({ name, version }) => `${name} ${version}`);
  assertEquals(versions(), ["linked 1.2.3", "naps 1.2.3"]);
  await link("..v2", join(plugins, "..tmp"));
  await Deno.rename(join(plugins, "..tmp"), join(plugins, "..data"));
  await watch.told("found");
  assertEquals(versions(), ["linked 1.2.3", "naps 2.0"]);
  await link("v2", join(folder.path, "elsewhere/next"));
  await Deno.rename(join(folder.path, "elsewhere/next"), join(folder.path, "elsewhere/current"));
  await watch.told("found", 2);
  await folder.write("elsewhere/v2/plugin.json", { ...naps, name: "linked", version: "3.0" });
  await watch.told("found", 3);
  assertEquals(versions(), ["linked 3.0", "naps 2.0"]);
  await Deno.remove(join(plugins, "linked"));
  await watch.told("gone", 4);
  assertEquals([versions(), watch.manager.problems], [["naps 2.0"], []]);
});

Deno.test("what is linked is found once, and links that lead nowhere or round in a circle harm nobody", async () => {
  const naps = await pythonManifest("naps");
  await using folder = await ManifestFolder.create({
    "plugins/naps.json": naps,
    "plugins/real/plugin.json": { ...naps, name: "real" },
    "elsewhere/plugin.json": { ...naps, name: "linked" },
    "many/cjm.json": { ...naps, name: "cjm" },
  });
  const plugins = join(folder.path, "plugins");
  const links = {
    "again.json": "naps.json",
    "alias": "real",
    "linked": "../elsewhere",
    "manifests": "../many",
    "itself": ".",
    "circle": "circle",
    "circle.json": "circle.json",
    "nowhere": "nothing",
    "nowhere.json": "nothing.json",
  };
  for (const [name, target] of Object.entries(links)) await link(target, join(plugins, name));
  await using watch = await ManagerWatch.create({ folders: [plugins], watch: true });
  const { manager } = watch;
  assertEquals(manager.list().map(({ name, source }) => [name, source?.slice(plugins.length + 1)]), [
    ["cjm", "manifests/cjm.json"],
    ["linked", "linked/plugin.json"],
    ["naps", "naps.json"],
    ["real", "real/plugin.json"],
  ]);
  // A link that led nowhere leads somewhere now.
  await folder.write("plugins/nothing/plugin.json", { ...naps, name: "something" });
  await watch.told("found");
  await manager.refresh();
  assertEquals([manager.list().length, manager.problems], [5, []]);
});

Deno.test("a folder that is itself replaced, with the folders above it or by a link, is watched in its new place", async () => {
  const naps = await pythonManifest("naps");
  const named = (name: string) => ({ "deep/plugins/plugin.json": { ...naps, name } });
  await using first = await ManifestFolder.create(named("first"));
  await using second = await ManifestFolder.create(named("second"));
  const [plugins, deep] = [join(first.path, "deep/plugins"), join(first.path, "deep")];
  await using watch = await ManagerWatch.create({ folders: [plugins], watch: true });
  await Deno.rename(plugins, join(first.path, "old"));
  await watch.told("gone");
  await Deno.rename(join(first.path, "old"), plugins);
  await watch.told("found");
  await Deno.rename(deep, join(first.path, "older"));
  await watch.told("gone", 2);
  await link(join(second.path, "deep"), deep);
  await watch.told("found", 2);
  await second.write("deep/plugins/more.json", { ...naps, name: "more" });
  await watch.told("found", 3);
  assertEquals(watch.manager.list().map(({ name }) => name), ["more", "second"]);
});

Deno.test("a manifest that is moved is found again at once, and refreshes do not disturb each other", async () => {
  const naps = await pythonManifest("naps");
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, number) => [`p${number}.json`, { ...naps, name: `p${number}` }]));
  await using folder = await ManifestFolder.create({ "b.json": naps, ...many });
  await using watch = await ManagerWatch.create({ folders: [folder.path] });
  const { manager } = watch;
  await folder.write("a.json", naps);
  await folder.remove("b.json");
  await manager.refresh();
  assertEquals([manager.info("naps").source, manager.problems], [join(folder.path, "a.json"), []]);
  const told = watch.events.length;
  await Promise.all(Array.from({ length: 5 }, () => manager.refresh()));
  assertEquals([watch.events.length - told, manager.list().length], [0, 101]);
});

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

Deno.test("a configuration is checked by the plugin's schema before it is sent, and every wrong place is named", async () => {
  await using watch = await ManagerWatch.of("naps");
  const { manager } = watch;
  for (const isLoaded of [false, true]) {
    if (isLoaded) await manager.load("naps");
    const error = await assertRejects(() => manager.configure("naps", { model: "huge", beams: 0 }), CallError);
    assertEquals(error.code, "invalid_arguments");
    assertEquals(
      error.message,
      'Cannot configure "naps": "$.model": Instance does not match any of ["small","large"]; "$.beams": 0 is less than 1. Nothing was sent',
    );
    assertEquals(await manager.getConfig("naps"), undefined);
  }
  await manager.configure("naps", { model: "small" });
  assertEquals(await manager.get("naps").getCurrentConfig(), { model: "small" });
  await manager.get("naps").initialize({ model: "large" });
  await manager.reload("naps");
  assertEquals(await manager.get("naps").getCurrentConfig(), { model: "large" });
});

Deno.test("a configuration is kept in configDir over the manager's end, readable for its owner alone", async () => {
  await using folder = await ManifestFolder.create({});
  const configDir = join(folder.path, "config");
  {
    await using watch = await ManagerWatch.of("naps", { configDir });
    await watch.manager.configure("naps", { model: "large" });
  }
  const file = join(configDir, "naps%401.2.3.json");
  assertEquals((await Deno.stat(file)).mode! & 0o777, 0o600);
  await using watch = await ManagerWatch.of("naps", { configDir });
  assertEquals(await watch.manager.get("naps").getCurrentConfig(), { model: "large" });
  await Deno.writeTextFile(file, "{ half");
  await using other = await ManagerWatch.of("naps", { configDir });
  await assertRejects(() => other.manager.load("naps"), ManifestError, `in "${file}"`);
});

Deno.test("a configuration that cannot be written says so, and the plugin goes on with it", async () => {
  await using folder = await ManifestFolder.create({ "a_file": "" });
  await using watch = await ManagerWatch.of("naps", { configDir: join(folder.path, "a_file") });
  await assertRejects(() => watch.manager.configure("naps", { model: "large" }), PluginStateError, "Cannot keep the configuration");
  assertEquals(await watch.manager.get("naps").getCurrentConfig(), { model: "large" });
});

Deno.test("a schema that is itself invalid is the plugin's error, and the plugin can still be called", async () => {
  await using watch = await ManagerWatch.of("wrong_schema");
  await watch.manager.load("wrong_schema");
  const error = await assertRejects(() => watch.manager.configure("wrong_schema", { model: 1 }), ProtocolError);
  assertStringIncludes(error.message, 'its JSON Schema is invalid: "$.properties.model.type" is "nonsense", which is no type');
  assertEquals(await watch.manager.get("wrong_schema").execute(), "fine");
});

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

Deno.test("a worker that does not answer twice is let go, and the next call gets a new one", async () => {
  await using watch = await ManagerWatch.of("naps", { healthIntervalMs: 100 });
  const plugin = watch.manager.get("naps");
  const pid = await plugin.execute<number>();
  Deno.kill(pid, "SIGSTOP");
  await watch.told("unhealthy");
  Deno.kill(pid, "SIGCONT");
  assertEquals(await plugin.execute() === pid, false);
});

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
