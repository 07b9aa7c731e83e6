import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join, relative } from "@std/path";
import { type Manifest, RemoteError, RemotePluginProxy, RemotePluginProxySync, WorkerStartError } from "@remote-plugin/proxy";
import { ScratchWatch } from "../support/fixture_proxy.ts";
import { testPython } from "../support/python.ts";
import { ManifestFolder } from "../support/managed_plugins.ts";

const PLUGINS: Readonly<Record<string, { readonly manifest: Manifest; readonly file: string; readonly text: string }>> = {
  python: {
    manifest: { python_path: testPython(), module: "reader", class: "Reader", env_vars: { PYTHONDONTWRITEBYTECODE: "1" } },
    file: "reader.py",
    text: `
import os

with open("note.txt") as file:
    AT_IMPORT = file.read()

class Reader:
    def execute(self):
        with open("note.txt") as file:
            return [AT_IMPORT, file.read(), os.getcwd()]
`,
  },
  deno: {
    manifest: { runtime: "deno", module: "./reader.ts", permissions: { read: ["."] } },
    file: "reader.ts",
    text: `
const atImport = Deno.readTextFileSync("note.txt");
export default class {
  async execute() {
    return [atImport, await Deno.readTextFile("note.txt"), Deno.cwd()];
  }
}
`,
  },
};

async function pluginFolder(runtime: string, changes: Partial<Manifest>): Promise<{ folder: ManifestFolder; manifest: string }> {
  const { manifest, file, text } = PLUGINS[runtime]!;
  const folder = await ManifestFolder.create({ "plugin.json": { ...manifest, ...changes }, [file]: text });
  await Deno.mkdir(join(folder.path, "data"));
  await Deno.writeTextFile(join(folder.path, "data", "note.txt"), "from the data");
  return { folder, manifest: join(folder.path, "plugin.json") };
}

for (const runtime of ["python", "deno"]) {
  Deno.test(`${runtime}: relative paths in a plugin's code begin at its manifest's "cwd"`, async () => {
    await using scratch = await ScratchWatch.create();
    const { folder, manifest } = await pluginFolder(runtime, { cwd: "./data" });
    await using _folder = folder;
    const expected = ["from the data", "from the data", await Deno.realPath(join(folder.path, "data"))];
    const options = { permissions: "requested", scratchDir: scratch.path } as const;
    {
      await using plugin = await RemotePluginProxy.start(manifest, options);
      assertEquals(await plugin.execute(), expected);
    }
    using blocking = RemotePluginProxySync.start(manifest, options);
    assertEquals(blocking.execute(), expected);
  });

  Deno.test(`${runtime}: a relative "scratchDir" is the host's, wherever the worker runs`, async () => {
    await using scratch = await ScratchWatch.create();
    const { folder, manifest } = await pluginFolder(runtime, { cwd: "data" });
    await using _folder = folder;
    const scratchDir = relative(Deno.cwd(), scratch.path);
    await using plugin = await RemotePluginProxy.start(manifest, { permissions: "requested", scratchDir });
    assertEquals((await plugin.execute<string[]>())[0], "from the data");
  });

  Deno.test(`${runtime}: a "cwd" that is no folder is told by its path`, async () => {
    for (const cwd of ["./nowhere", "./plugin.json"]) {
      await using scratch = await ScratchWatch.create();
      const { folder, manifest } = await pluginFolder(runtime, { cwd });
      await using _folder = folder;
      const start = () => RemotePluginProxy.start(manifest, { permissions: "requested", scratchDir: scratch.path });
      const error = await assertRejects(start, WorkerStartError);
      assertStringIncludes(error.message, `there is no folder "${join(folder.path, cwd)}". Make it, or correct "cwd" in its manifest`);
    }
  });
}

Deno.test('a Deno plugin reads no more by its manifest\'s "cwd"', async () => {
  const { folder, manifest } = await pluginFolder("deno", { cwd: "./data" });
  await using _folder = folder;
  const text = `export default class { execute() { return Deno.readTextFileSync("note.txt"); } }`;
  await Deno.writeTextFile(join(folder.path, "reader.ts"), text);
  await using plugin = await RemotePluginProxy.start(manifest);
  const error = await assertRejects(() => plugin.execute(), RemoteError);
  assertEquals(error.remoteType, "NotCapable");
  assertStringIncludes(
    error.message,
    `Requires read access to "note.txt". Name it under "read" in the manifest's "permissions", and have the host give it`,
  );
});
