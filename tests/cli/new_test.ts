import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { User } from "../support/cli_user.ts";
import { testPython } from "../support/python.ts";

for (const runtime of ["python", "deno"]) {
  Deno.test(`a new user makes a ${runtime} plugin, has it examined, and runs it`, async () => {
    await using user = await User.create();
    const made = await user.run("new", "shouter", "--runtime", runtime);
    assertEquals([made.code, made.err], [0, ""]);
    const health = await user.run("doctor", "shouter");
    assertEquals([health.code, health.out.includes("BAD"), health.out.includes("All is well")], [0, false, true], health.out);
    assertEquals(await user.run("run", "shouter", "--text", "hello there"), { code: 0, out: "HELLO THERE!\n", err: "" });
    assertEquals((await user.run("run", "--stream", "shouter", "--text", "a b")).out, "A!\nB!\n");
    assertEquals((await user.run("config", "shouter", "mark=?")).code, 0);
    assertEquals((await user.run("run", "shouter", "--json", "--text=hi")).out, '"HI?"\n');
    assertStringIncludes((await user.run("gen", "shouter")).out, "export interface ExecuteArguments {\n  text: string;\n}\n");
    assertEquals(JSON.parse((await user.run("list", "--json")).out).map(({ name }: { name: string }) => name), ["shouter"]);
  });

  Deno.test(`the test of a new ${runtime} plugin through its worker passes`, async () => {
    await using user = await User.create();
    await user.run("new", "shouter", "--runtime", runtime);
    const file = join(user.folder.path, "shouter", "plugin_test.ts");
    const text = await Deno.readTextFile(file);
    const [, command] = /^\/\/ deno (test .*)\n/.exec(text) ?? [];
    // The program runs from a checkout, whose import map has the package. The temporary files of the tests are elsewhere.
    const args = [...command!.replace("--allow-write=/tmp", "--allow-write").split(" "), file];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assertEquals([code, said.includes("1 passed")], [0, true], said);
  });
}

Deno.test("the test of a new Python plugin in its own language passes, and is named with the other one", async () => {
  await using user = await User.create();
  const { out } = await user.run("new", "shouter");
  assertStringIncludes(out, "  python3 -m unittest discover shouter\n  deno test --no-config --import-map=");
  const { code, stderr } = await new Deno.Command(testPython(), {
    args: ["-m", "unittest", "discover", "shouter"],
    cwd: user.folder.path,
    env: { PYTHONDONTWRITEBYTECODE: "1" },
  }).output();
  const said = new TextDecoder().decode(stderr);
  assertEquals([code, said.includes("Ran 1 test")], [0, true], said);
});

Deno.test("a new Python plugin may have an interpreter of its own, wherever its folder is", async () => {
  await using user = await User.create();
  assertEquals((await user.run("new", "shouter", "--python", "venv/bin/python")).code, 0);
  const manifest = JSON.parse(await Deno.readTextFile(join(user.folder.path, "shouter", "plugin.json")));
  assertEquals(manifest.python_path, join(await Deno.realPath(user.folder.path), "venv", "bin", "python"));
  const { code, err } = await user.run("new", "other", "--runtime", "deno", "--python", "python3");
  assertEquals([code, err.includes("--python is the interpreter of a Python plugin")], [2, true]);
});

Deno.test("a new Python plugin may need packages, which its own file names", async () => {
  await using user = await User.create();
  assertEquals((await user.run("new", "thumbs", "--with", "pillow>=9,<13, numpy,foo[a,b]")).code, 0);
  const folder = join(user.folder.path, "thumbs");
  const manifest = JSON.parse(await Deno.readTextFile(join(folder, "plugin.json")));
  assertEquals([manifest.environment, manifest.python_path], ["./thumbs.py", undefined]);
  const metadata = '# /// script\n# requires-python = ">=3.8"\n# dependencies = ["pillow>=9,<13", "numpy", "foo[a,b]"]\n# ///\n';
  assertEquals((await Deno.readTextFile(join(folder, "thumbs.py"))).startsWith(metadata), true);
  for (const more of [["--with", "numpy", "--runtime", "deno"], ["--with", "numpy", "--python", "python3"], ["--with", "numpy,,"]]) {
    assertEquals([(await user.run("new", "other", ...more)).code, more], [2, more]);
  }
});
