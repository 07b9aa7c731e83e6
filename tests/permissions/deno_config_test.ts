import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { ManifestError } from "@remote-plugin/proxy";
import { toFileUrl } from "@std/path";
import { Registry } from "../support/registry.ts";
import { WrittenPlugin } from "../support/written_plugin.ts";

const GIVES_NAME = 'import name from "named"; export default { execute: () => name };\n';

const gives = (value: string): string => `export default ${JSON.stringify(value)};\n`;

/** What lies where, and what the plugin's import then gives. */
const LAYOUTS: Readonly<Record<string, { readonly files: Readonly<Record<string, string>>; readonly module?: string }>> = {
  "beside it": {
    files: { "plugin.ts": GIVES_NAME, "deno.json": '{"imports": {"named": "./lib/wanted.ts"}}', "lib/wanted.ts": gives("wanted") },
  },
  "in a folder above, with comments, a comma too many and a byte order mark": {
    files: {
      "a/b/plugin.ts": GIVES_NAME,
      "deno.jsonc": '\uFEFF{ // "named": 1\n"imports": {"named": "./a/b/wanted.ts", /* so */ }, }',
      "a/b/wanted.ts": gives("wanted"),
    },
    module: "a/b/plugin.ts",
  },
  "nearer than another one": {
    files: {
      "deno.json": '{"imports": {"named": "./a/other.ts"}}',
      "a/deno.json": '{"imports": {"named": "./wanted.ts"}}',
      "a/plugin.ts": GIVES_NAME,
      "a/wanted.ts": gives("wanted"),
      "a/other.ts": gives("other"),
    },
    module: "a/plugin.ts",
  },
  "in a file that it names": {
    files: {
      "plugin.ts": GIVES_NAME,
      "deno.json": '{"importMap": "./maps/map.json"}',
      "maps/map.json": '{"imports": {"named": "../wanted.ts"}}',
      "wanted.ts": gives("wanted"),
    },
  },
  "for a folder of names": {
    files: {
      "plugin.ts": 'import name from "lib/wanted.ts"; export default { execute: () => name };',
      "deno.json": '{"imports": {"lib/": "./lib/"}}',
      "lib/wanted.ts": gives("wanted"),
    },
  },
  "for a scope": {
    files: {
      "plugin.ts": 'import name from "./inner/reads.ts"; export default { execute: () => name };',
      "deno.json": '{"imports": {"named": "./other.ts"}, "scopes": {"./inner/": {"named": "./wanted.ts"}}}',
      "inner/reads.ts": 'export { default } from "named";',
      "wanted.ts": gives("wanted"),
      "other.ts": gives("other"),
    },
  },
  "by the name of its own package": {
    files: {
      "plugin.ts": 'import name from "@a/own/wanted"; export default { execute: () => name };',
      "deno.json": '{"name": "@a/own", "exports": {".": "./plugin.ts", "./wanted": "./wanted.ts"}}',
      "wanted.ts": gives("wanted"),
    },
  },
  "in the root of its workspace": {
    files: {
      "deno.json": '{"workspace": ["./packages/*", "!./packages/no"], "imports": {"named": "./packages/a/wanted.ts"}}',
      "packages/a/deno.json": '{"imports": {"mine": "./x.ts"}}',
      "packages/a/plugin.ts": GIVES_NAME,
      "packages/a/wanted.ts": gives("wanted"),
    },
    module: "packages/a/plugin.ts",
  },
  "by another member of its workspace, which has names of its own": {
    files: {
      "manifest.json": '{"runtime": "deno", "module": "./a/plugin.ts"}',
      "deno.json": '{"workspace": ["a", "b"]}',
      "a/deno.json": '{"name": "@a/a", "exports": "./plugin.ts", "imports": {"named": "./other.ts"}}',
      "a/plugin.ts": 'import name from "@a/b"; export default { execute: () => name };',
      "a/other.ts": gives("other"),
      "b/deno.json": '{"name": "@a/b", "exports": "./mod.ts", "imports": {"named": "./wanted.ts"}}',
      "b/mod.ts": 'export { default } from "named";',
      "b/wanted.ts": gives("wanted"),
    },
    module: "a/plugin.ts",
  },
};

for (const [where, { files, module }] of Object.entries(LAYOUTS)) {
  Deno.test(`deno: a plugin imports by the names of its deno.json: ${where}`, async () => {
    await using plugin = await WrittenPlugin.create(files);
    // All of the folder is the plugin's: static imports may read where the manifest is.
    assertEquals(await plugin.run({}, { module, permissions: { read: [plugin.file(".")] } }), "wanted");
  });
}

Deno.test("deno: JSX, decorators and types that are no imports are read as the plugin's deno.json says", async () => {
  const compilerOptions = { jsx: "react-jsx", jsxImportSource: "tags", experimentalDecorators: true, types: ["./no.d.ts"] };
  await using plugin = await WrittenPlugin.create({
    "deno.json": JSON.stringify({ compilerOptions, imports: { "tags/jsx-runtime": "./tags.ts" } }),
    "tags.ts": "export const jsx = (tag: string, props: unknown) => ({ tag, props });",
    "plugin.tsx": `const seen: unknown[] = [];
      function note(_: unknown, name: unknown) { seen.push(name); }
      class Noted { @note method() {} }
      export default { execute: () => [<a b="c" />, seen, Noted.name] };`,
  });
  assertEquals(await plugin.run({}, { module: "plugin.tsx" }), [{ tag: "a", props: { b: "c" } }, ["method"], "Noted"]);
});

Deno.test("deno: a plugin has definePlugin() by its name without a deno.json, and whatever its deno.json says of that name", async () => {
  const text = 'import { definePlugin } from "@remote-plugin/proxy/worker"; export default definePlugin({ execute: () => "defined" });';
  await using plugin = await WrittenPlugin.create({ "plugin.ts": text });
  assertEquals(await plugin.run(), "defined");
  const elsewhere = "http://127.0.0.1:9/mod.ts";
  const names = { "@remote-plugin/proxy/worker": elsewhere, "@remote-plugin/": "http://127.0.0.1:9/" };
  await plugin.write("deno.json", JSON.stringify({ imports: names, scopes: { "./": names } }));
  assertEquals(await plugin.run(), "defined");
});

for (
  const [what, content] of Object.entries({
    "no JSON": '{"imports": ',
    "JSON of another shape": '{"imports": {"a": 1}}',
    "an option of the compiler that is none": '{"compilerOptions": {"jsx": "yes"}}',
    "the name of a map that is not there": '{"importMap": "./map.json"}',
    "the name of a map on a server": '{"importMap": "https://example.com/map.json"}',
    "JSON that is nested too deeply": "[".repeat(100_000),
    "more than a megabyte": " ".repeat(1024 * 1024 + 1),
    "thousands of packages": JSON.stringify({ workspace: Array(5000).fill("./a") }),
    "thousands of scopes": JSON.stringify({ scopes: Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`./${index}`, {}])) }),
  })
) {
  Deno.test(`deno: a deno.json with ${what} is a ManifestError that names the file`, async () => {
    await using plugin = await WrittenPlugin.create({ "plugin.ts": gives(""), "deno.json": content });
    const error = await assertRejects(() => plugin.run(), ManifestError);
    assertEquals([error.source, error.plugin], [plugin.file("deno.json"), "written"]);
    assertStringIncludes(error.message, plugin.file("deno.json"));
  });
}

Deno.test("deno: no pattern in a deno.json keeps the host busy: one star stands for any text, and nothing else means anything", async () => {
  await using plugin = await WrittenPlugin.create({
    "manifest.json": '{"runtime": "deno", "module": "./plugin.ts"}',
    "plugin.ts": 'import name from "@a/b"; export default { execute: () => name };',
    "deno.json": '{"workspace": ["./*+(+(+(a)))b", "./p*q", "./p*?", "./*/*"]}',
    [`${"a".repeat(60)}c/deno.json`]: "{}",
    "p-q/deno.json": '{"name": "@a/b", "exports": "./mod.ts"}',
    "p-q/mod.ts": gives("wanted"),
    "pq/deno.json": "",
  });
  assertEquals(await plugin.run({}, { permissions: { read: [plugin.file(".")] } }), "wanted");
});

Deno.test("deno: the members of a workspace may be a megabyte together, however many name the same file", async () => {
  await using plugin = await WrittenPlugin.create({
    "plugin.ts": 'export default { execute: () => "" };',
    "deno.json": JSON.stringify({ workspace: Array(900).fill("./a/.").concat("./b") }),
    "a/deno.json": JSON.stringify({ title: "a".repeat(600_000) }),
    "b/deno.json": "{}",
  });
  assertEquals(await plugin.refusal(), 'It gave ""');
  await plugin.write("b/deno.json", JSON.stringify({ title: "b".repeat(600_000) }));
  const error = await assertRejects(() => plugin.run(), ManifestError);
  assertEquals(error.source, plugin.file("b/deno.json"));
});

Deno.test({
  name: "deno: a deno.json that leads to a file without an end, or is empty, says nothing",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using plugin = await WrittenPlugin.create({ "plugin.ts": 'export default { execute: () => "here" };', "deno.jsonc": "" });
    assertEquals(await plugin.run(), "here");
    const { success } = await new Deno.Command("ln", { args: ["-s", "/proc/self/pagemap", plugin.file("deno.json")] }).output();
    assertEquals(success, true);
    assertEquals(await plugin.run(), "here");
  },
});

Deno.test("deno: a deno.json in a folder into which anybody may write, such as /tmp, is no plugin's below it", async () => {
  await using plugin = await WrittenPlugin.create({
    "shared/deno.json": '{"imports": {"named": "./mine/evil.ts"}}',
    "shared/mine/evil.ts": gives("evil"),
    "shared/mine/plugin.ts": GIVES_NAME,
  });
  await Deno.chmod(plugin.file("shared"), 0o1777);
  assertMatch(await plugin.refusal({}, { module: "shared/mine/plugin.ts" }), /Import "named" not a dependency/);
  await plugin.write("shared/deno.json", "no JSON");
  assertMatch(await plugin.refusal({}, { module: "shared/mine/plugin.ts" }), /Import "named" not a dependency/);
});

Deno.test("deno: a deno.json above the worker's own folder configures no worker", async () => {
  await using plugin = await WrittenPlugin.create({ "plugin.tsx": 'export default { execute: () => <a b="c" /> };' });
  await plugin.write("deno.json", '{"compilerOptions": {"jsx": "react", "jsxFactory": "String"}}');
  const root = { workspace: ["./*"], imports: { named: "./evil.ts" }, compilerOptions: { jsx: "react-jsx" } };
  await plugin.write("tmp/deno.json", JSON.stringify(root));
  assertEquals(await plugin.run({}, { module: "plugin.tsx", options: { scratchDir: plugin.file("tmp") } }), "a");
});

const MEETS_CONTROL_THREAD = `
const thread = typeof DedicatedWorkerGlobalScope === "undefined" ? "control thread" : "plugin's thread";
console.log("evil in the " + thread);
export const startPlugin = () => {}, definePlugin = (plugin) => plugin, cpuUsage = () => ({ user: 0, system: 0 });
export default "evil";
`;

Deno.test("deno: no import map puts code of the plugin's in the place of the worker's own", async () => {
  await using plugin = await WrittenPlugin.create({ "plugin.ts": "export default { execute: () => 1 };", "evil.js": MEETS_CONTROL_THREAD });
  const evil = toFileUrl(plugin.file("evil.js")).href;
  const names = ["node:process", "process", "node:", "file:///", "data:text/", "data:", "/", `${toFileUrl(plugin.file("..")).href}/`];
  const endings = Object.fromEntries(names.map((name) => [name, name.endsWith("/") ? toFileUrl(plugin.file(".")).href + "/" : evil]));
  const scopes = Object.fromEntries(["data:text/", "data:text/javascript,", "file:///", "/"].map((scope) => [scope, endings]));
  await plugin.write("deno.json", JSON.stringify({ imports: endings, scopes }));
  await using worker = await plugin.start({ permissions: { run: ["/bin/true"] } });
  const { cpu_percent } = await worker.getStats();
  assertEquals([await worker.execute(), cpu_percent! > 0], [1, true]);
  await worker.cleanup();
  assertEquals((await Array.fromAsync(worker.logs)).map(({ text }) => text).filter((text) => text.includes("evil")), []);
});

Deno.test("deno: a package's install script does not run, and no node_modules is made, whatever deno.json and .npmrc say", async () => {
  await using registry = new Registry({
    "evil-scripts": {
      "package.json": JSON.stringify({ name: "evil-scripts", version: "1.0.0", main: "index.js", scripts: { postinstall: "touch ran" } }),
      "index.js": "module.exports = 'loaded';",
    },
  });
  await using plugin = await WrittenPlugin.create({
    "plugin.ts": 'import text from "npm:evil-scripts@1.0.0"; export default { execute: () => text };',
    "deno.json": JSON.stringify({ nodeModulesDir: "auto", allowScripts: ["npm:evil-scripts"], unstable: ["npm-lazy-caching"], lock: true }),
    ".npmrc": `registry=${registry.url}/`,
    "package.json": '{"dependencies": {"evil-scripts": "1.0.0"}}',
  });
  const names = plugin.names();
  assertStringIncludes(await plugin.refusal(), 'Add "registry.npmjs.org" to "import"');
  assertEquals(registry.requests, []);
  const variables = { NPM_CONFIG_REGISTRY: registry.url };
  assertEquals(await plugin.run({}, { variables, permissions: { import: ["registry.npmjs.org"] } }), "loaded");
  assertEquals(plugin.names(), names);
});
