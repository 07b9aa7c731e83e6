import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { CallTimeoutError, type FileResult, RemoteError, type RemotePluginProxy } from "@remote-plugin/proxy";
import { within } from "../support/guard.ts";
import { fixtureFolder } from "../support/fixtures.ts";
import { type Face, startFixture } from "../support/fixture_proxy.ts";
import { testPython } from "../support/python.ts";

const PYTHON: Face = { worker: "python", transport: "unix" };

/** A folder with a file for each module of the standard library, which says that it is not the library's. */
class HidingFolder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async create(): Promise<HidingFolder> {
    const path = await Deno.makeTempDir();
    for (const name of await libraryNames()) {
      await Deno.writeTextFile(join(path, `${name}.py`), `import os\nmine = True\nos.write(2, b"imported ${name}\\n")\n`);
    }
    return new HidingFolder(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

async function libraryNames(): Promise<string[]> {
  const code = "import os, json; print(json.dumps([entry.partition('.')[0] for entry in os.listdir(os.path.dirname(os.__file__))]))";
  const { stdout } = await new Deno.Command(testPython(), { args: ["-c", code] }).output();
  const names: string[] = JSON.parse(new TextDecoder().decode(stdout));
  return [...new Set(names)].filter((name) => /^\w+$/.test(name) && name !== "plugin");
}

async function start(folders: readonly string[]): Promise<RemotePluginProxy> {
  return await startFixture(PYTHON, "hides_library", { manifest: { plugin_path: [fixtureFolder("hides_library"), ...folders] } });
}

/** Has the worker do all for which it needs the library. */
async function usesLibrary(plugin: RemotePluginProxy): Promise<void> {
  const error = await assertRejects(() => plugin.execute({ way: "raises" }), RemoteError);
  assertEquals(error.remoteType, "KeyError");
  assertMatch(error.traceback, /^Traceback[^]+ in raises\n[^]+return \{\}\["missing"\][^]+KeyError: 'missing'$/);
  await assertRejects(() => plugin.execute({ way: "object" }), RemoteError, 'is of type "object"');
  await using bytes = await plugin.execute<FileResult>({ way: "bytes" });
  assertEquals(bytes.size, 100_000);
  await using file = await plugin.execute<FileResult>({ way: "file" });
  assertEquals([new TextDecoder().decode(await file.bytes()), file.mediaType], ["notes", "text/plain"]);
  await assertRejects(() => plugin.execute({ way: "spins" }, { timeoutMs: 50 }), CallTimeoutError);
  const { execute } = await plugin.getSignatures();
  assertStringIncludes(JSON.stringify(execute), '"description":"what to do"');
  assertEquals(await plugin.prefetch(), true);
  assertEquals((await plugin.getStats()).pid, plugin.pid);
}

Deno.test("python: files beside a plugin that are named like the library's are never the worker's, and are the plugin's own", async () => {
  await using hiding = await HidingFolder.create();
  const printed: string[] = [];
  {
    await using plugin = await start([hiding.path]);
    const reading = (async () => {
      for await (const { text } of plugin.logs) printed.push(text);
    })();
    await usesLibrary(plugin);
    assertEquals(printed.filter((text) => text.startsWith("imported")), []);
    assertEquals(await plugin.execute({ way: "own" }), Array(6).fill(true));
    await usesLibrary(plugin);
    await plugin.cleanup();
    await reading;
  }
  const imported = printed.filter((text) => text.startsWith("imported")).map((text) => text.split(" ")[1]!);
  assertEquals(imported.toSorted(), ["ast", "asyncio", "datetime", "inspect", "token", "traceback"]);
});

Deno.test("python: files named like the library's that a plugin has imported first are never the worker's", async () => {
  await using hiding = await HidingFolder.create();
  await using plugin = await start([hiding.path]);
  assertEquals(await plugin.execute({ way: "own" }), Array(6).fill(true));
  await usesLibrary(plugin);
});

Deno.test("python: modules that a plugin has put in the places of the library's are never the worker's", async () => {
  await using plugin = await start([]);
  await plugin.execute({ way: "stuffs" });
  await usesLibrary(plugin);
});

Deno.test("python: what the worker imports late it imports from the library, or else from the plugin's environment", () => {
  const folder = new URL("../../src/worker/python/remote_plugin_worker/", import.meta.url);
  const modules = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".py")).map(({ name }) =>
    Deno.readTextFileSync(new URL(name, folder))
  );
  const late = modules.flatMap((source) => [...source.matchAll(/^ +(?:import|from) (\w+)/gm)].map(([, module]) => module!));
  const ofTheStart = [
    "_json",
    "_operator",
    "_queue",
    "_signal",
    "_socket",
    "binascii",
    "hmac",
    "pwd",
    "queue",
    "signal",
    "socket",
    "types",
    "typing",
  ];
  const ofTheLibrary = [
    "ctypes",
    "fcntl",
    "importlib",
    "inspect",
    "json",
    "mimetypes",
    "msvcrt",
    "pathlib",
    "resource",
    "shutil",
    "tempfile",
    "traceback",
  ];
  const rest = new Set(late).difference(new Set([...ofTheStart, ...ofTheLibrary]));
  assertEquals([...rest].toSorted(), ["annotationlib", "numpy", "opentelemetry"]);
});

Deno.test("python: a call fails with its traceback while another one imports what the worker needs for it, and that import goes on", async () => {
  await using plugin = await startFixture(PYTHON, "imports_slowly", { manifest: { max_concurrency: 2 } });
  const importing = plugin.execute({ way: "imports" });
  const failing = assertRejects(() => plugin.execute({ way: "fails" }), RemoteError, "on purpose");
  const { traceback } = await within(failing, "the end of the call that fails");
  assertMatch(traceback, /^Traceback[^]+ in fails\n[^]+ValueError: on purpose$/);
  await plugin.execute({ way: "ends" });
  assertEquals(await importing, "token");
});

Deno.test("python: a class that answers with exceptions to whatever it is asked can be loaded and called", async () => {
  await using plugin = await startFixture(PYTHON, "refuses_attributes");
  assertEquals(await plugin.execute(), "fine");
  const error = await assertRejects(() => plugin.execute({ fail: true }), RemoteError, "on purpose");
  assertEquals(error.remoteType, "Strange");
  assertEquals((await plugin.getStats()).pid, plugin.pid);
});
