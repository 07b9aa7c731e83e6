import { assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { findManifests } from "./find.ts";

/** What is found among these files: names with versions, and for what cannot be used its path. */
async function found(files: Readonly<Record<string, unknown>>, folders: readonly string[] = ["."]): Promise<string[]> {
  const root = await Deno.makeTempDir();
  try {
    for (const [path, content] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(root, path)), { recursive: true });
      await Deno.writeTextFile(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
    }
    const all = await Array.fromAsync(findManifests(folders.map((folder) => join(root, folder))));
    return all.map((one) => "spec" in one ? `${one.spec.name}@${one.spec.version}` : `unusable ${one.path.slice(root.length + 1)}`);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function manifest(name: string, version = "1"): Record<string, unknown> {
  return { name, version, module: "m", class: "C" };
}

Deno.test("manifests are a folder's own JSON, a plugin.json one folder deeper, and all JSON in its folder for manifests", async () => {
  const files = {
    "a.json": manifest("a"),
    "b/plugin.json": manifest("b"),
    "b/other.json": manifest("no"),
    "manifests/c.json": manifest("c"),
    "d/deep/plugin.json": manifest("no"),
  };
  assertEquals(await found(files), ["a@1", "b@1", "c@1"]);
});

Deno.test("what is hidden, and what other tools keep, is passed over", async () => {
  const files = {
    ".hidden.json": manifest("no"),
    ".git/plugin.json": manifest("no"),
    "node_modules/plugin.json": manifest("no"),
    "deno.json": "// comments\n{}",
    "package.json": { name: "x", module: "index.js" },
    "data.json": { rows: [1, 2] },
    "list.json": [1],
  };
  assertEquals(await found(files), []);
});

Deno.test("what was meant to be a manifest and cannot be used is told", async () => {
  const files = {
    "half.json": "{ half",
    "no_class.json": { module: "m" },
    "manifests/anything.json": { rows: [] },
    "manifests/adapter.json": { unit: "adapter", module: "m" },
  };
  assertEquals(await found(files), ["unusable half.json", "unusable no_class.json", "unusable manifests/anything.json"]);
});

Deno.test("a plugin hides the same version of it in a later folder, and no other version", async () => {
  const files = { "one/a.json": manifest("a"), "two/a.json": manifest("a"), "two/b.json": manifest("a", "2") };
  assertEquals(await found(files, ["one", "two"]), ["a@1", "a@2"]);
});

Deno.test("a folder that is not there has no manifests", async () => {
  assertEquals(await found({}, ["nowhere"]), []);
});
