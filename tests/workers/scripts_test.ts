import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { ManifestError, RemotePluginProxy, RemotePluginProxySync, requiredPermissions, WorkerStartError } from "@remote-plugin/proxy";
import { PluginManager } from "@remote-plugin/proxy/manager";
import { testPython } from "../support/python.ts";
import { User } from "../support/cli_user.ts";

const FILES = {
  "shout.py": `
def shout(text: str, times: int = 1) -> str:
    """Says it loudly."""
    return text.upper() * times
`,
  "tools.py": `
from __future__ import annotations
import json
from collections import OrderedDict
from dataclasses import dataclass

@dataclass
class Word:
    text: str

class Problem(Exception):
    pass

class Tools:
    def count(self, text: str) -> int:
        return len(text.split())

    def words(self, text: str):
        yield from text.split()

def one(text: str) -> object:
    return Word(text)

def _two() -> None:
    pass
`,
  "chosen.py": `
class Chosen:
    def execute(self) -> str:
        return "chosen"

class Helper:
    pass

def helper() -> None:
    pass

def main() -> None:
    raise SystemExit("main() is not to be run")

if __name__ == "__main__":
    main()
`,
  "two words-1.py": "def only(): return __name__\n\ndef main(): pass\n",
  "nothing.py": "VALUE = 1\n",
  "broken.py": "def half(:\n",
  "shout.ts": `
export interface Text { text: string }
export const VERSION = "1";
export function shout({ text }: Text): string { return text.toUpperCase(); }
`,
  "tools.ts": `
export class Tools {
  count({ text }: { text: string }): number { return text.split(" ").length; }
}
export const one = ({ text }: { text: string }): unknown => ({ text });
`,
  "default.js": `
export default { execute: () => "default" };
export function other() {}
`,
  "reads.ts": `export const reads = ({ path }: { path: string }) => Deno.readTextFile(path);`,
  "nothing.ts": "export const VALUE = 1;\n",
};

type Call = readonly [script: string, call: (plugin: Pick<RemotePluginProxy, "execute" | "call">) => Promise<unknown>, gives: unknown];

const GOOD: readonly Call[] = [
  ["shout.py", (plugin) => plugin.execute({ text: "hi", times: 2 }), "HIHI"],
  ["tools.py#Tools", (plugin) => plugin.call("count", { text: "a b c" }), 3],
  ["tools.py#one", (plugin) => plugin.execute({ text: "a" }), { text: "a" }],
  ["chosen.py", (plugin) => plugin.execute(), "chosen"],
  ["two words-1.py", (plugin) => plugin.execute(), "script two words-1"],
  ["shout.ts", (plugin) => plugin.execute({ text: "hi" }), "HI"],
  ["tools.ts#Tools", (plugin) => plugin.call("count", { text: "a b c" }), 3],
  ["tools.ts#one", (plugin) => plugin.execute({ text: "a" }), { text: "a" }],
  ["default.js", (plugin) => plugin.execute(), "default"],
];

Deno.test("a script is a plugin without a manifest: its one class or function, or the one behind the path", async () => {
  await using user = await User.create(FILES);
  for (const [script, call, gives] of GOOD) {
    await using plugin = await RemotePluginProxy.start(join(user.folder.path, script));
    assertEquals([script, await call(plugin)], [script, gives]);
  }
});

Deno.test("a script's URL and the blocking proxy will do as well, and the plugin is called as the script or what is meant in it", async () => {
  await using user = await User.create(FILES);
  const url = (script: string) => new URL(script, toFileUrl(`${user.folder.path}/`));
  await using plugin = await RemotePluginProxy.start(url("tools.py#Tools"));
  assertEquals([plugin.name, plugin.version, await plugin.call("words", { text: "a b" })], ["Tools", "0.0.0", ["a", "b"]]);
  using blocking = RemotePluginProxySync.start(join(user.folder.path, "shout.py"));
  assertEquals([blocking.name, blocking.execute({ text: "hi" })], ["shout", "HI"]);
});

const BAD: readonly (readonly [script: string, kind: new (...given: never[]) => Error, message: string])[] = [
  ["tools.py", WorkerStartError, 'has several classes and functions: "Tools", "one". Name the one that is meant, as "tools.py#Tools"'],
  ["tools.py#Tolos", WorkerStartError, 'no class or function "Tolos". It has "Tools", "one"'],
  ["tools.py#json", WorkerStartError, "is no function"],
  ["nothing.py", WorkerStartError, "has no class and no function"],
  ["broken.py", WorkerStartError, "SyntaxError"],
  ["tools.ts", WorkerStartError, 'several that may be meant: "Tools", "one"'],
  ["tools.ts#nope", WorkerStartError, 'no export "nope". It exports "Tools", "one"'],
  ["nothing.ts", WorkerStartError, "no class, function or plugin"],
  ["nothing.ts#VALUE", WorkerStartError, "must be an object or a class"],
  ["missing.py", ManifestError, 'Cannot read the script "'],
  ["missing.ts", ManifestError, "there is no such file"],
];

Deno.test("what cannot be meant in a script is said, beside what could be", async () => {
  await using user = await User.create(FILES);
  for (const [script, kind, message] of BAD) {
    const error = await assertRejects(() => RemotePluginProxy.start(join(user.folder.path, script)), kind);
    assertStringIncludes(error.message, message);
  }
  await assertRejects(() => RemotePluginProxy.start("https://example.invalid/shout.py"), ManifestError, "Bring the file here");
});

Deno.test("a Deno script may do what the host's policy names, and nothing without one", async () => {
  await using user = await User.create(FILES);
  const script = join(user.folder.path, "reads.ts");
  const path = join(user.folder.path, "nothing.py");
  await using bare = await RemotePluginProxy.start(script);
  await assertRejects(() => bare.execute({ path }), Error, "NotCapable");
  await using allowed = await RemotePluginProxy.start(script, { permissions: { read: [path] } });
  assertEquals(await allowed.execute({ path }), "VALUE = 1\n");
  assertEquals(allowed.permissions, { read: [path] });
});

Deno.test("a manifest may name the file of a Python module, and a manager takes scripts", async () => {
  await using user = await User.create({
    ...FILES,
    "by_file.json": { python_path: testPython(), module: "./tools.py", class: "Tools" },
    "by_function.json": { name: "fn", python_path: testPython(), module: "tools", function: "one" },
  });
  const place = (file: string) => join(user.folder.path, file);
  await using manager = await PluginManager.create({
    manifests: ["by_file.json", "by_function.json", "shout.py"].map(place),
    healthIntervalMs: 0,
  });
  assertEquals(manager.list().map(({ name }) => name).sort(), ["fn", "shout", "tools"]);
  assertEquals(await manager.get("tools").call("count", { text: "a b" }), 2);
  assertEquals(await manager.get("fn").execute({ text: "a" }), { text: "a" });
  assertEquals(await manager.get("shout").execute({ text: "a" }), "A");
  await manager.reload("shout");
  assertEquals(await manager.get("shout").execute({ text: "b" }), "B");
});

Deno.test("a script takes the permissions of a manifest that says the same", async () => {
  await using user = await User.create(FILES);
  const path = join(user.folder.path, "tools.py");
  const { descriptors } = await requiredPermissions(`${path}#Tools`);
  assertEquals(descriptors[0], { name: "read", path });
});

Deno.test("the command line runs a script, one of its methods, and tells what it takes", async () => {
  await using user = await User.create(FILES);
  assertEquals(await user.run("run", "./shout.py", "--text", "hi"), { code: 0, out: "HI\n", err: "" });
  assertEquals(await user.run("run", "shout.py", "--text", "hi"), { code: 0, out: "HI\n", err: "" });
  assertEquals(await user.run("run", "./tools.py#Tools", "count", "--text", "a b"), { code: 0, out: "2\n", err: "" });
  assertEquals(await user.run("run", "--stream", "./tools.py#Tools", "words", "--text", "a b"), { code: 0, out: "a\nb\n", err: "" });
  const mistyped = await user.run("run", "./tools.py#Tools", "cuont", "--text", "a");
  assertEquals(mistyped, { code: 2, out: "", err: 'error: There is no method "cuont". The nearest name is "count"\n' });
  assertEquals(
    (await user.run("run", "./tools.py#Tools")).err,
    'error: Which method? Write run PLUGIN METHOD. Known are "count", "words"\n',
  );
  assertStringIncludes((await user.run("run", "./tools.py#Tools", "--help")).out, "count(text: string) -> integer");
  assertStringIncludes((await user.run("inspect", "./shout.py")).out, "execute(text: string, times: integer = 1) -> string");
  await Deno.mkdir(join(user.folder.path, "client"));
  assertEquals((await user.run("gen", "./tools.py#Tools", "--out", "client/tools.ts")).out, "Wrote client/tools.ts\n");
  const client = await Deno.readTextFile(join(user.folder.path, "client/tools.ts"));
  assertStringIncludes(client, 'new URL("../tools.py#Tools", import.meta.url)');
  assertStringIncludes(client, '  count(kwargs: CountArguments, options?: Omit<CallOptions, "args">): Promise<CountResult>;');
});
