import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { CallError, RemoteError, RemotePluginProxy } from "@remote-plugin/proxy";
import { ManifestFolder } from "../support/managed_plugins.ts";
import { testPython } from "../support/python.ts";

/** A plugin that has its mark from `initialize` alone, and gives a table of a library that stands beside it. */
const PLUGIN = `
import pyarrow

class Marks:
    def initialize(self, config):
        self.mark = config["mark"]

    def execute(self, what="mark"):
        return pyarrow.Table() if what == "table" else getattr(self, what)
`;

async function pluginFolder(): Promise<ManifestFolder> {
  const manifest = { python_path: testPython(), module: "marks", class: "Marks", env_vars: { PYTHONDONTWRITEBYTECODE: "1" } };
  return await ManifestFolder.create({ "plugin.json": manifest, "marks.py": PLUGIN, "pyarrow.py": "class Table:\n    pass\n" });
}

Deno.test("an attribute that is missing before initialize() is told with the reason, and any other one without", async () => {
  await using folder = await pluginFolder();
  await using plugin = await RemotePluginProxy.start(join(folder.path, "plugin.json"));
  const early = await assertRejects(() => plugin.execute(), RemoteError);
  assertEquals(early.remoteMessage, "'Marks' object has no attribute 'mark'. Nobody has called initialize(), which may set it");
  assertEquals(early.remoteType, "AttributeError");
  await plugin.initialize({ mark: "!" });
  assertEquals(await plugin.execute(), "!");
  const late = await assertRejects(() => plugin.execute({ what: "sign" }), RemoteError);
  assertEquals(late.remoteMessage, "'Marks' object has no attribute 'sign'");
});

Deno.test("a table that is no result is told with a way to hand it over", async () => {
  await using folder = await pluginFolder();
  await using plugin = await RemotePluginProxy.start(join(folder.path, "plugin.json"));
  const error = await assertRejects(() => plugin.execute({ what: "table" }), CallError);
  assertStringIncludes(error.message, 'The result at "$" is of type "Table", which JSON cannot carry. Return what it holds');
  assertStringIncludes(error.message, "write it to a file in self.scratch_folder(), for example as Arrow, and return its Path");
});
