import { assertEquals, assertStringIncludes } from "@std/assert";
import { basename, join } from "@std/path";
import { OWNER_FILE, OWNER_LINE } from "../../src/protocol/private_folder.ts";
import { User } from "../support/cli_user.ts";
import { pythonManifest } from "../support/managed_plugins.ts";

Deno.test("doctor tells what is wrong with an interpreter, a module, a class, a working folder and a permission, and how to mend it", async () => {
  const naps = await pythonManifest("naps");
  await using user = await User.create({
    "a.json": { ...naps, name: "no_python", python_path: "/nowhere/python3" },
    "b.json": { ...naps, name: "no_module", module: "nothing_here" },
    "c.json": { ...naps, name: "no_class", class: "Nap" },
    "d.json": { ...naps, name: "no_package", module: "needs_a_package", plugin_path: "." },
    "f.json": { ...naps, name: "no_folder", cwd: "./nowhere" },
    "e.json": { ...naps, name: "misspelt", max_concurency: 2 },
    "g.json": { ...await pythonManifest("gathers"), name: "no_batch" },
    "h.json": { ...naps, name: "no_method", batch: {} },
    "broken.json": "{ half",
    "needs_a_package.py": "import a_package_that_is_not_there",
  });
  const { code, out } = await user.run("doctor", "--json");
  assertEquals(code, 4);
  const findings: { about: string; check: string; verdict: string; found: string; fix?: string }[] = JSON.parse(out);
  const of = (about: string) => findings.find((finding) => finding.about === about && finding.verdict !== "good");
  assertEquals([of("no_python")?.check, of("no_python")?.fix?.includes("python_path")], ["interpreter", true]);
  assertEquals([of("no_module")?.check, of("no_module")?.fix?.includes("plugin_path")], ["import", true]);
  assertEquals([of("no_folder")?.check, of("no_folder")?.fix?.includes('"cwd"')], ["working folder", true]);
  assertStringIncludes(of("no_class")!.found, 'has no class "Nap", but Naps');
  assertStringIncludes(of("no_package")!.fix!, "-m pip install a_package_that_is_not_there");
  assertEquals([of("misspelt")?.verdict, of("misspelt")?.found.includes('"max_concurrency"')], ["odd", true]);
  assertEquals([of("no_batch")?.verdict, of("no_batch")?.fix], ["odd", 'Add "batch": {} to the manifest']);
  assertEquals([of("no_method")?.check, of("no_method")?.found.includes('no "execute_batch"')], ["import", true]);
  assertEquals(findings.some(({ check, found }) => check === "manifest" && found.includes("it is no JSON")), true);
});

Deno.test("doctor --fix removes what is left of a worker that is gone, and nothing else", async () => {
  await using user = await User.create();
  const root = Deno.env.get("TMPDIR")!;
  const [left, checkout] = [join(root, "remote-plugin-0123456789abcdef"), join(root, "remote-plugin-proxy")];
  for (const folder of [left, checkout]) {
    await Deno.mkdir(folder, { mode: 0o700 });
    await Deno.writeTextFile(join(folder, "worker.py"), "");
  }
  await Deno.writeTextFile(join(left, OWNER_FILE), OWNER_LINE);
  for (const folder of [left, checkout]) await Deno.utime(folder, new Date(0), new Date(0));
  const { out } = await user.run("doctor");
  assertEquals([out.includes(left), out.includes(checkout)], [true, false]);
  assertEquals((await user.run("doctor", "--fix")).code, 0);
  const names = [...Deno.readDirSync(root)].map(({ name }) => name);
  assertEquals([left, checkout].map((path) => names.includes(basename(path))), [false, true]);
  await Deno.remove(checkout, { recursive: true });
});

Deno.test({
  name: "doctor --bounds tells what a plugin is refused, and permissions with which it runs",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const reaches = await pythonManifest("reaches", { permissions: {}, plugin_path: "code" });
    await using user = await User.create({ "reaches.json": reaches, "file.txt": "text" });
    await user.takeCode("reaches", "code");
    const read = join(user.folder.path, "file.txt");
    const outcome = await user.run("doctor", "--json", "--bounds", "reaches", "--kwargs", JSON.stringify({ read }));
    const findings: { check: string; verdict: string; found: string }[] = JSON.parse(outcome.out);
    const told = findings.slice(-4).map(({ check, verdict, found }) => [check, verdict, found]);
    assertEquals(told.map(([check, verdict]) => `${check}: ${verdict}`), [
      "unbounded: good",
      "refused: odd",
      "bounded: odd",
      "permissions: good",
    ]);
    assertEquals([told[1]![2], outcome.code], [`read ${read}`, 0]);
    assertStringIncludes(told[2]![2]!, "PermissionError");
    assertEquals(told[3]![2], `with these it runs bounded: {"read":["${read}"]}`);
    assertStringIncludes((await user.run("doctor", "--bounds")).err, "Which plugin?");
    const temporary = await user.run("doctor", "--json", "--bounds", "reaches", "--kwargs", JSON.stringify({ temporary: true }));
    assertEquals([temporary.out.includes('"refused"'), temporary.code], [false, 0]);
  },
});

Deno.test({
  name: "doctor --bounds finds that the plugin's own folder has to be granted, and tells a path with a line feed on one line",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using elsewhere = await User.create();
    await elsewhere.takeCode("reaches", "code");
    const code = join(elsewhere.folder.path, "code");
    const reaches = await pythonManifest("reaches", { permissions: {}, plugin_path: code });
    const feed = "line\nok    reaches: bounded: all is granted";
    await using user = await User.create({ "reaches.json": reaches, [feed]: "text" });
    const kwargs = JSON.stringify({ read: join(user.folder.path, feed) });
    const outcome = await user.run("doctor", "--json", "--bounds", "reaches", "--kwargs", kwargs);
    const findings: { check: string; verdict: string; found: string }[] = JSON.parse(outcome.out);
    const told = findings.slice(-5).map(({ check, verdict, found }) => [`${check}: ${verdict}`, found]);
    assertEquals(told.map(([check]) => check), [
      "unbounded: good",
      "refused: odd",
      "refused: odd",
      "bounded: odd",
      "permissions: good",
    ]);
    assertEquals([told[1]![1], outcome.code], [`read ${code}`, 0]);
    assertStringIncludes(told[3]![1]!, `"${code}" in "plugin_path" lies outside`);
    const lines = (await user.run("doctor", "--bounds", "reaches", "--kwargs", kwargs)).out.split("\n");
    assertEquals(lines.filter((line) => line.startsWith("ok    reaches: bounded: all is granted")), []);
    assertEquals(lines.filter((line) => line.includes("refused: read") && line.includes("all is granted")).length, 1);
  },
});
