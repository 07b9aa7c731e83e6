import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { link, ManagerWatch, ManifestFolder, pythonManifest } from "../support/managed_plugins.ts";

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
