import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { toText } from "@std/streams";
import { join } from "@std/path";
import { within } from "../support/guard.ts";
import { User } from "../support/cli_user.ts";
import { pythonManifest } from "../support/managed_plugins.ts";
import { PrintedLines } from "../support/printed_lines.ts";

Deno.test("arguments are JSON where they read as such, lists where given twice, and - is a file of standard input", async () => {
  await using user = await User.create({ "echo.json": await pythonManifest("echo") });
  const words = [
    "7",
    "word",
    "--beams",
    "5",
    "--title",
    "5 o'clock",
    "--flag",
    "--no-cache",
    "--tag",
    "a",
    "--tag",
    "b",
    "--box",
    "[1, 2]",
    "--dash-ed",
    "null",
  ];
  assertEquals(JSON.parse((await user.run("run", "--kwargs", '{"beams": 1, "more": {"x": true}}', "echo", ...words)).out), {
    args: [7, "word"],
    kwargs: { beams: 5, more: { x: true }, title: "5 o'clock", flag: true, cache: false, tag: ["a", "b"], box: [1, 2], dash_ed: null },
  });
  const child = user.start(["run", "--json", "echo", "--audio", "-"], { stdin: "piped" });
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("some audio"));
  await writer.close();
  const { kwargs } = JSON.parse(new TextDecoder().decode((await child.output()).stdout));
  assertMatch(kwargs.audio, /\/remote-plugin-[0-9a-f]{16}\/stdin$/);
});

Deno.test("arguments have the types that the plugin tells, and what it does not take is said with its nearest name", async () => {
  await using user = await User.create({
    "typed.json": await pythonManifest("typed"),
    "hands_over.json": await pythonManifest("hands_over"),
  });
  assertEquals((await user.run("run", "typed", "--text", "5", "--times", "2")).out, "55!\n");
  const cases: [string[], string][] = [
    [[], "It needs --text (What is said.)"],
    [["--text", "a", "--times", "two"], '--times must be a whole number, not "two"'],
    [["--text"], "--text needs a value: a string"],
    [["--text", "a", "--time", "2"], "There is no argument --time. The nearest name is --times"],
  ];
  for (const [words, message] of cases) {
    assertEquals(await user.run("run", "typed", ...words), { code: 2, out: "", err: `error: ${message}\n` });
  }
});

Deno.test("what a plugin raises is said with its place, and --logs shows the traceback", async () => {
  await using user = await User.create({ "raises.json": await pythonManifest("raises") });
  const { code, err } = await user.run("run", "raises");
  assertEquals(code, 1);
  assertMatch(err, /^error: [^\n]*\n {2}at \/.*\/raises\/plugin\.py:24\n {2}--logs shows the traceback and what the plugin prints\n$/);
  assertMatch((await user.run("run", "--logs", "raises")).err, /\nTraceback \(most recent call last\):\n {2}File ".*in execute\n/);
});

Deno.test("a module that a plugin lacks is said with what installs it", async () => {
  const manifest = { ...await pythonManifest("naps"), name: "lacks", module: "lacks", plugin_path: "." };
  await using user = await User.create({ "lacks.json": manifest, "lacks.py": "import a_package_that_is_not_there" });
  const { code, err } = await user.run("run", "lacks");
  assertEquals(code, 3);
  assertMatch(err, / -m pip install a_package_that_is_not_there\n/);
});

Deno.test("a number that JSON lacks is a text in what is printed, and that is said", async () => {
  await using user = await User.create({ "not_finite.json": await pythonManifest("not_finite") });
  const { code, out, err } = await user.run("run", "--json", "not_finite");
  assertEquals([code, JSON.parse(out).scores, err], [
    0,
    [0.5, "NaN"],
    "JSON has no NaN and no Infinity and no -Infinity. A text stands for each\n",
  ]);
});

Deno.test("what a plugin takes is told in a line a method and one an argument, by inspect and by run PLUGIN --help", async () => {
  await using user = await User.create({ "typed.json": await pythonManifest("typed") });
  const told = `execute(text: string, times: integer = 1) -> string  Repeats a text.
  --text   string   needed     What is said.
  --times  integer  default 1
execute_stream(text: string, times: integer = 1) yields object  Repeats a text.
  --text   string   needed     What is said.
  --times  integer  default 1
`;
  assertEquals((await user.run("inspect", "typed")).out.slice(0, told.length), told);
  const help = await user.run("run", "typed", "--text", "a", "--help");
  assertEquals(help, { code: 0, out: `${told}This program's own options: remote-plugin run --help\n`, err: "" });
  assertEquals(Object.keys(JSON.parse((await user.run("run", "--json", "typed", "--help")).out)), ["execute", "execute_stream"]);
  assertEquals(JSON.parse((await user.run("inspect", "--json", "typed")).out).signatures.execute.result, { type: "string" });
});

Deno.test("behind a method's name --help tells of that one alone, and a mistyped name beside an execute is said", async () => {
  await using user = await User.create({ "methods.json": await pythonManifest("methods") });
  const told = "shout(text: string, times: integer = 1) -> string  Says it loudly.\n";
  const { out } = await user.run("run", "methods", "shout", "--help");
  assertEquals([out.slice(0, told.length), out.includes("words")], [told, false]);
  const only = JSON.parse((await user.run("run", "--json", "methods", "shout", "--help")).out);
  assertEquals([Object.keys(only), Object.keys(only.methods)], [["methods"], ["shout"]]);
  assertStringIncludes((await user.run("run", "methods", "shuot", "--help")).out, "words(text: string)");
  const said = '"shuot" is an argument here. The method of the nearest name is "shout"\n';
  assertEquals(await user.run("run", "methods", "shuot"), { code: 0, out: "shuot\n", err: said });
  const failed = await user.run("run", "methods", "shuot", "--text", "hi");
  assertEquals([failed.code, failed.err.startsWith(said)], [1, true]);
  assertEquals(await user.run("run", "methods", "hello"), { code: 0, out: "hello\n", err: "" });
});

Deno.test("a short chunk of a stream is one line", async () => {
  await using user = await User.create({ "typed.json": await pythonManifest("typed") });
  const { out } = await user.run("run", "--stream", "typed", "--text", "a", "--times", "2");
  assertEquals(out, '{"number":0,"text":"a"}\n{"number":1,"text":"a"}\n');
});

Deno.test("a result that is a file goes to a pipe as it is, and to a folder by --save", async () => {
  await using user = await User.create({ "hands_over.json": await pythonManifest("hands_over") });
  const give = ["hands_over", "--action", "give", "--size", "3"];
  assertEquals(await user.run("run", ...give), { code: 0, out: "\0\x01\x02", err: "" });
  const saved = await user.run("run", "--save", "given", ...give);
  assertEquals([saved.out, saved.err], [`${join("given", "1.bin")}\n`, ""]);
  assertEquals(await Deno.readFile(join(user.folder.path, "given", "1.bin")), new Uint8Array([0, 1, 2]));
  const streamed = await user.run("run", "--stream", "--save", "given", "hands_over", "--count", "2", "--size", "3");
  assertEquals(streamed.out, `${join("given", "1.bin")}\n${join("given", "2.bin")}\n`);
  const told = await user.run("run", "--json", ...give);
  assertEquals([JSON.parse(told.out), told.err.includes("--save FOLDER")], [{ size: 3, media_type: "application/octet-stream" }, true]);
});

Deno.test("a log that cannot be written is told once, and the call goes on", async () => {
  await using user = await User.create({ "prints.json": await pythonManifest("prints") });
  await Deno.mkdir(join(user.folder.path, ".state", "logs", "prints.log"), { recursive: true });
  const { code, out, err } = await user.run("run", "prints");
  assertEquals([code, out, err.match(/is not kept/g)?.length], [0, "done\n", 1], err);
});

Deno.test("Ctrl-C in the middle of a call ends the plugin and says so", async () => {
  await using user = await User.create({ "holds.json": await pythonManifest("holds") });
  const child = user.start(["run", "--stream", "holds", "--hold", "a"]);
  const lines = new PrintedLines(child.stdout);
  assertEquals(await lines.next("the first chunk"), "a");
  child.kill("SIGINT");
  const [{ code }, err] = await Promise.all([within(child.status, "the end"), toText(child.stderr)]);
  assertEquals([code, err], [130, "Interrupted\n"]);
  await lines.cancel();
});

Deno.test({
  name: "run --audit tells what a plugin tries, and --bounds required has the kernel refuse it",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using user = await User.create({ "reaches.json": await pythonManifest("reaches", { plugin_path: "code" }), "file.txt": "text" });
    await user.takeCode("reaches", "code");
    const read = join(user.folder.path, "file.txt");
    const free = await user.run("run", "--audit", "reaches", "--read", read);
    assertEquals([free.code, free.out, free.err], [0, "text\n", `allowed read ${read}\n`]);
    const bounded = await user.run("run", "--audit", "--bounds", "required", "reaches", "--read", read);
    assertEquals([bounded.code, bounded.out], [1, ""]);
    assertMatch(bounded.err, new RegExp(`^refused read ${read}\nerror: .*PermissionError`));
    const forged = await user.run("run", "--audit", "--bounds", "required", "reaches", "--read", "/none\nallowed write /etc");
    assertEquals(forged.err.split("\n")[0], "refused read /none\\x0aallowed write /etc");
  },
});
