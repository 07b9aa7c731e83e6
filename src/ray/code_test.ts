import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { WorkerStartError } from "../errors.ts";
import { loadManifest } from "../manifest/load.ts";
import { MOST_BYTES, PluginCode } from "./code.ts";

/** A plugin in a folder of its own, with these files. */
async function pluginIn(owned: AsyncDisposableStack, files: Readonly<Record<string, string>>) {
  const folder = await Deno.makeTempDir({ prefix: "code-" });
  owned.defer(() => Deno.remove(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(join(folder, name, ".."), { recursive: true });
    await Deno.writeTextFile(join(folder, name), text);
  }
  return { folder, spec: await loadManifest({ name: "own", module: "plugin", class: "Own", plugin_path: folder }) };
}

async function namesIn(code: PluginCode): Promise<string[]> {
  return [...(await code.read()).keys()].sort();
}

Deno.test("a plugin's folder is uploaded without what can be made again", async () => {
  await using owned = new AsyncDisposableStack();
  const { spec } = await pluginIn(owned, {
    "plugin.py": "",
    "data/words.txt": "",
    "__pycache__/plugin.pyc": "",
    "old.pyc": "",
    ".git/HEAD": "",
    ".venv/bin/python": "",
    "node_modules/x/index.js": "",
  });
  assertEquals(await namesIn(new PluginCode(spec, {})), ["0/data/words.txt", "0/plugin.py"]);
});

Deno.test("a path of the plugin's is that of a node, and another one stays", async () => {
  await using owned = new AsyncDisposableStack();
  const { spec, folder } = await pluginIn(owned, { "plugin.py": "" });
  const code = new PluginCode(spec, {});
  assertEquals(code.placed(join(folder, "data", "words.txt"), "/node"), "/node/0/data/words.txt");
  assertEquals([code.placed(folder, "/node"), code.placed("/data", "/node")], ["/node/0", "/data"]);
  assertEquals(code.importPath("/node"), ["/node/0"]);
});

Deno.test({
  name: "a program among a plugin's files is one on the nodes, too",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using owned = new AsyncDisposableStack();
    const { spec, folder } = await pluginIn(owned, { "plugin.py": "", "convert.sh": "" });
    await Deno.chmod(join(folder, "convert.sh"), 0o755);
    const files = await new PluginCode(spec, {}).read();
    assertEquals([...files].filter(([, { isProgram }]) => isProgram).map(([name]) => name), ["0/convert.sh"]);
  },
});

Deno.test("what is named is uploaded alone, a single file in a folder of its own", async () => {
  await using owned = new AsyncDisposableStack();
  const { spec, folder } = await pluginIn(owned, { "plugin.py": "", "other.py": "", "lib/x.py": "" });
  const code = new PluginCode(spec, { code: { upload: [join(folder, "plugin.py"), join(folder, "lib")] } });
  assertEquals([await namesIn(code), code.importPath("/node")], [["0/plugin.py", "1/x.py"], ["/node/0", "/node/1"]]);
});

Deno.test("nothing is uploaded of what nodes fetch or have", async () => {
  await using owned = new AsyncDisposableStack();
  const { spec } = await pluginIn(owned, { "plugin.py": "" });
  const fetched = new PluginCode(spec, { code: { uri: "s3://code.zip" } });
  const installed = new PluginCode(spec, { code: "installed" });
  assertEquals([fetched.paths, fetched.uri, fetched.importPath("/node")], [[], "s3://code.zip", ["/node"]]);
  assertEquals([installed.paths, installed.uri, installed.importPath("/node")], [[], undefined, []]);
});

Deno.test("code that is not there, and more than a cluster takes, is told before anything is sent", async () => {
  await using owned = new AsyncDisposableStack();
  const { spec, folder } = await pluginIn(owned, { "plugin.py": "" });
  const missing = new PluginCode(spec, { code: { upload: [join(folder, "nothing")] } });
  await assertRejects(() => missing.read(), WorkerStartError, 'Correct "plugin_path" or "code"');
  using file = await Deno.open(join(folder, "model.bin"), { create: true, write: true });
  await file.truncate(MOST_BYTES + 1);
  const error = await assertRejects(() => new PluginCode(spec, {}).read(), WorkerStartError, "its code has more than 95 MiB");
  assertEquals(error.message.includes(`"${join(folder, "model.bin")}"`), true);
});
