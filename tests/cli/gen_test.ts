import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { hostArguments } from "../support/run_host.ts";
import { fixtureFolder } from "../support/fixtures.ts";
import { User } from "../support/cli_user.ts";
import { BOTH, fixtureManifest, foreignManifest } from "../support/fixture_proxy.ts";
import { testPython } from "../support/python.ts";
import { pythonManifest } from "../support/managed_plugins.ts";

const GOOD = `
import { PluginManager } from "@remote-plugin/proxy/manager";
import { asTyped, startTyped } from "./typed.ts";

await using plugin = await startTyped(undefined, { permissions: "requested" });
await plugin.initialize({ mark: "?" });
const text: string = await plugin.execute({ text: "ha", times: 2 }, { timeoutMs: 60_000 });
const numbers: number[] = [];
for await (const piece of plugin.executeStream({ text: "a", times: 3 })) numbers.push(piece.number);
console.log(text, numbers, plugin.name, await plugin.isAlive());

await using manager = await PluginManager.create({ manifests: ["./typed.json"], permissions: "requested", healthIntervalMs: 0 });
const managed = await asTyped(manager.get("typed"));
await managed.reconfigure({ mark: "." });
console.log(await managed.execute({ text: "ho" }));
`;

/** Every line from the third on is wrong. */
const BAD = `import { startTyped } from "./typed.ts";
await using plugin = await startTyped();
await plugin.execute({ text: 1 });
await plugin.execute({ audio: 1 });
await plugin.execute({});
await plugin.execute();
await plugin.execute({ text: "a", time: 2 });
await plugin.execute({ text: "a" }, { args: ["b"] });
(await plugin.execute({ text: "a" })) satisfies number;
(await plugin.executeStream({ text: "a" }).next()).value satisfies string | void;
await plugin.initialize({ mark: 1 });
await plugin.reconfigure({ marks: "?" });
`;

async function checkTypes(user: User, ...files: string[]): Promise<{ code: number; text: string }> {
  const args = ["check", ...hostArguments().slice(2).filter((flag) => flag !== "--no-config"), "--no-config", ...files];
  const command = new Deno.Command(Deno.execPath(), { args, cwd: user.folder.path, env: { NO_COLOR: "1" } });
  const { code, stderr } = await command.output();
  return { code, text: new TextDecoder().decode(stderr) };
}

async function runProgram(user: User, file: string): Promise<{ code: number; out: string; err: string }> {
  const args = [...hostArguments(), "--allow-read", "--allow-write", "--allow-net", "--allow-run", "--allow-env", file];
  const command = new Deno.Command(Deno.execPath(), { args, cwd: user.folder.path, env: { NO_COLOR: "1", PYTHONDONTWRITEBYTECODE: "1" } });
  const { code, stdout, stderr } = await command.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

for (const face of BOTH) {
  Deno.test(`${face.worker}: a right call of a generated client compiles and runs, a wrong one does not compile`, async () => {
    await using user = await User.create({ "typed.json": await fixtureManifest(face, "typed"), "good.ts": GOOD, "bad.ts": BAD });
    const made = await user.run("gen", "typed", "--trust", "--out", "typed.ts");
    assertEquals(made, { code: 0, out: "Wrote typed.ts\n", err: "" });
    const { code, text } = await checkTypes(user, "good.ts", "bad.ts");
    // Where an error is, and not where what it is about is declared.
    const places = [...text.matchAll(/\/((?:good|bad)\.ts:\d+):\d+$/gm)].map(([, place]) => place);
    const wrong = Array.from({ length: 10 }, (_, number) => `bad.ts:${number + 3}`);
    assertEquals([code, [...new Set(places)]], [1, wrong], text);
    assertStringIncludes(text, "'audio' does not exist in type 'ExecuteArguments'");
    const { out, err } = await runProgram(user, "good.ts");
    assertEquals([out, err], ["haha? [ 0, 1, 2 ] typed true\nho.\n", ""]);
  });
}

Deno.test("a client of a plugin that has changed says at its start what has, and which command mends it", async () => {
  const plugin = await Deno.readTextFile(join(fixtureFolder("typed"), "plugin.py"));
  const manifest = { name: "typed", python_path: testPython(), module: "plugin", class: "Typed" };
  const start = `
import { SignatureMismatchError } from "@remote-plugin/proxy";
import { startTyped } from "./src/typed.ts";
try {
  await startTyped();
} catch (error) {
  if (error instanceof SignatureMismatchError) console.log(error.message);
}`;
  await using user = await User.create({
    "my plugins/typed.json": manifest,
    "my plugins/plugin.py": plugin,
    "start.ts": start,
    "src/x": "",
  });
  const gen = ["gen", "my plugins/typed.json", "--out", "src/typed.ts"];
  assertEquals((await user.run(...gen, "--check")).code, 5);
  assertEquals((await user.run(...gen)).code, 0);
  assertEquals(await user.run(...gen, "--check"), { code: 0, out: "src/typed.ts is up to date\n", err: "" });
  const elsewhere = await user.run("gen", "--folder", "my plugins", "typed", "--out", join(user.folder.path, "src", "typed.ts"), "--check");
  assertEquals(elsewhere.code, 0, elsewhere.err);
  assertEquals(await runProgram(user, "start.ts"), { code: 0, out: "", err: "" });

  await user.folder.write("my plugins/plugin.py", plugin.replaceAll("text: str, times: int", "text: bytes, loud: bool, times: int"));
  const command = 'remote-plugin gen "./my plugins/typed.json" --out src/typed.ts';
  const what = 'the argument "text" of "execute" was string, and is a file; the argument "loud" of "execute" is new and required';
  const { out } = await runProgram(user, "start.ts");
  assertStringIncludes(out, `The types of "typed" are out of date: ${what}; `);
  assertStringIncludes(out, `Make them anew: ${command}\n`);
  const checked = await user.run(...gen, "--check");
  assertEquals([checked.code, checked.out], [5, ""]);
  assertStringIncludes(checked.err, `src/typed.ts is out of date: ${what}; `);
  assertStringIncludes(checked.err, `Make it anew: ${command}\n`);
  assertEquals([(await user.run(...gen)).code, (await user.run(...gen, "--check")).code], [0, 0]);
});

Deno.test("a client of everything that hints can say compiles", async () => {
  const call = `
import type { FileResult } from "@remote-plugin/proxy";
import { startHints } from "./hints.ts";
await using plugin = await startHints();
const words = await plugin.execute({
  audio: new Uint8Array(4),
  model: "large",
  options: { device: "cuda" },
  pair: [1, "a"],
  raw: new URL("file:///tmp/x"),
  scores: { a: [1] },
  words: [{ text: "a" }],
});
for (const value of Object.values(words)) if ("text" in value) value.parts satisfies unknown[];
for await (const { start } of plugin.executeStream({ audio: "/tmp/x" }, { args: [1, 2] })) start satisfies number;
undefined as unknown as FileResult;
`;
  await using user = await User.create({ "hints.json": await pythonManifest("hints"), "call.ts": call });
  const { out } = await user.run("gen", "hints");
  await user.folder.write("hints.ts", out);
  const { code, text } = await checkTypes(user, "call.ts");
  assertEquals(code, 0, text);
});

Deno.test("gen tells what is in its way, and gives the schemas alone as JSON", async () => {
  const manifests = {
    "foreign.json": foreignManifest(),
    "typed.json": await pythonManifest("typed"),
  };
  await using user = await User.create({ ...manifests, "untyped.json": await fixtureManifest(BOTH[1]!, "echo") });
  const lacks = await user.run("gen", "foreign");
  assertEquals([lacks.code, lacks.out], [1, ""]);
  assertStringIncludes(lacks.err, "make the types with a copy of the manifest without that key");
  const alone = await user.run("gen", "typed", "--check");
  assertEquals([alone.code, alone.err], [2, "error: --check needs the file that is to be checked, as --out FILE\n"]);
  const nowhere = await user.run("gen", "typed", "--out", "not_there/typed.ts");
  assertEquals([nowhere.code, nowhere.err.startsWith('error: Cannot write "not_there/typed.ts": No such file')], [2, true], nowhere.err);
  const untyped = await user.run("gen", "echo", "--trust", "--out", "echo.ts");
  assertEquals(untyped.code, 0);
  assertStringIncludes(untyped.err, '"echo" does not say what it takes');
  const { execute, config } = JSON.parse((await user.run("gen", "typed", "--json")).out);
  assertEquals([execute.result, config.properties.mark.type], [{ type: "string" }, "string"]);
});

const METHODS = `
import { startMethods } from "./methods.ts";

await using plugin = await startMethods(undefined, { permissions: "requested" });
const text: string = await plugin.shout({ text: "ha", times: 2 }, { timeoutMs: 60_000 });
const words: string[] = [];
for await (const word of plugin.words({ text: "one two" })) words.push(word);
console.log(text, words, plugin.name, await plugin.call("größe", { text: "four" }), await plugin.twice({ text: "x" }));
`;

const WRONG_METHODS = `import { startMethods } from "./methods.ts";
await using plugin = await startMethods();
await plugin.shout({ text: 1 });
await plugin.shout({});
(await plugin.shout({ text: "a" })) satisfies number;
await plugin.shuot({ text: "a" });
await plugin._secret();
plugin.words({ txt: "a" });
`;

for (const face of BOTH) {
  Deno.test(`${face.worker}: a generated client has the plugin's methods as its own`, async () => {
    const files = { "methods.json": await fixtureManifest(face, "methods"), "good.ts": METHODS, "bad.ts": WRONG_METHODS };
    await using user = await User.create(files);
    assertEquals((await user.run("gen", "methods", "--trust", "--out", "methods.ts")).out, "Wrote methods.ts\n");
    const good = await checkTypes(user, "good.ts");
    assertEquals(good.code, 0, good.text);
    const { text } = await checkTypes(user, "good.ts", "bad.ts");
    const places = [...text.matchAll(/\/((?:good|bad)\.ts:\d+):\d+$/gm)].map(([, place]) => place);
    assertEquals([...new Set(places)], Array.from({ length: 6 }, (_, number) => `bad.ts:${number + 3}`), text);
    const { out, err } = await runProgram(user, "good.ts");
    assertEquals([out, err], ['haha [ "one", "two" ] methods 4 xx\n'.replace("haha", "HAHA"), ""]);
    assertEquals((await user.run("gen", "methods", "--trust", "--out", "methods.ts", "--check")).code, 0);
  });
}
