import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { Registry } from "../support/registry.ts";
import { ScratchWatch } from "../support/fixture_proxy.ts";
import { WrittenPlugin, type WrittenStart } from "../support/written_plugin.ts";

const STORES = `export default {
  async execute({ put }) {
    const cache = await caches.open("kept");
    if (put) await cache.put("http://a/b", new Response(new Uint8Array(100_000)));
    return (await cache.match("http://a/b")) !== undefined;
  },
};`;

const IMPORTS = "export default { execute: async ({ from }) => (await import(from)).default };";

Deno.test("deno: a plugin's stores end with its worker, and neither they nor anything else is in the user's own Deno cache", async () => {
  await using plugin = await WrittenPlugin.create({ "plugin.ts": STORES, "user/.keep": "" });
  const variables = { DENO_DIR: plugin.file("user") };
  assertEquals(await plugin.run({ put: true }, { variables }), true);
  assertEquals(await plugin.run({}, { variables }), false);
  assertEquals(plugin.names("user"), [".keep"]);
});

Deno.test({
  name: "deno: no file that another program uses is open in a worker's process",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using plugin = await WrittenPlugin.create({ "plugin.ts": STORES });
    await using scratch = await ScratchWatch.create();
    await using worker = await plugin.start({ options: { scratchDir: scratch.path } });
    await worker.execute({ put: true });
    const { pid } = await worker.getStats();
    const { stdout } = await new Deno.Command("ls", { args: ["-l", `/proc/${pid}/fd`] }).output();
    const files = [...new TextDecoder().decode(stdout).matchAll(/-> (\/.*)$/gm)].map(([, path]) => path!);
    assertEquals(files.filter((path) => path !== "/dev/null" && !path.startsWith(`${scratch.path}/`)), []);
    assertEquals(files.some((path) => path.includes("location_data")), true, "the runtime's own files are seen");
    assertEquals(files.filter((path) => path.includes("analysis_cache")), [], "databases of what will not be asked again");
  },
});

interface KeptPlugin extends AsyncDisposable {
  readonly plugin: WrittenPlugin;
  readonly registry: Registry;
  /** Imports a module, and tells how many requests that took. */
  readonly requests: (path: string, start?: WrittenStart) => Promise<number>;
}

async function keeping(): Promise<KeptPlugin> {
  const plugin = await WrittenPlugin.create({ "plugin.ts": IMPORTS, "other.ts": IMPORTS, "cache/.keep": "" });
  const registry = new Registry();
  const requests = async (path: string, start: WrittenStart = {}) => {
    const before = registry.requests.length;
    const variables = { XDG_CACHE_HOME: plugin.file("cache") };
    const permissions = { import: [registry.host] };
    assertEquals(await plugin.run({ from: `${registry.url}${path}` }, { variables, permissions, ...start }), `fetched ${path}`);
    return registry.requests.length - before;
  };
  const dispose = async () => {
    await registry[Symbol.asyncDispose]();
    await plugin[Symbol.asyncDispose]();
  };
  return { plugin, registry, requests, [Symbol.asyncDispose]: dispose };
}

const isPosix = Deno.build.os !== "windows";

Deno.test({
  name: "deno: what a plugin has fetched is kept for its next start, for this plugin and these permissions alone",
  ignore: !isPosix,
  async fn() {
    await using kept = await keeping();
    const { plugin, registry, requests } = kept;
    assertEquals([await requests("/a.ts"), await requests("/a.ts")], [1, 0]);
    assertEquals(await requests("/a.ts", { module: "other.ts" }), 1);
    assertEquals(await requests("/a.ts", { permissions: { import: [registry.host, "example.com"] } }), 1);
    const folders = plugin.names("cache/remote-plugin");
    assertEquals(folders.length, 3);
    for (const path of ["cache/remote-plugin", ...folders.map((name) => join("cache/remote-plugin", name))]) {
      assertEquals((await Deno.stat(plugin.file(path))).mode! & 0o777, 0o700);
    }
  },
});

Deno.test({
  name: "deno: what others may have put into the folder for fetched modules is not used, and nothing is kept there",
  ignore: !isPosix,
  async fn() {
    await using kept = await keeping();
    const { plugin, requests } = kept;
    await requests("/a.ts");
    const [folder] = plugin.names("cache/remote-plugin");
    await Deno.chmod(plugin.file(`cache/remote-plugin/${folder}`), 0o777);
    assertEquals([await requests("/a.ts"), await requests("/a.ts")], [1, 1]);
    await Deno.chmod(plugin.file(`cache/remote-plugin/${folder}`), 0o700);
    assertEquals(await requests("/a.ts"), 0);
    await Deno.chmod(plugin.file("cache/remote-plugin"), 0o770);
    assertEquals(await requests("/a.ts"), 1);
  },
});

Deno.test({
  name: "deno: a folder of fetched modules that no start has used for a month is removed by the next one",
  ignore: !isPosix,
  async fn() {
    await using kept = await keeping();
    const { plugin, requests } = kept;
    await requests("/a.ts");
    const [folder] = plugin.names("cache/remote-plugin");
    await Deno.utime(plugin.file(`cache/remote-plugin/${folder}`), 0, 0);
    await requests("/a.ts", { module: "other.ts" });
    assertEquals(plugin.names("cache/remote-plugin").includes(folder!), false);
  },
});

Deno.test("deno: a plugin whose modules are kept can store nothing that would be kept too", async () => {
  await using plugin = await WrittenPlugin.create({ "plugin.ts": STORES, "cache/.keep": "" });
  const start = { variables: { XDG_CACHE_HOME: plugin.file("cache") }, permissions: { import: ["example.com"] } };
  assertStringIncludes(await plugin.refusal({ put: true }, start), "Failed to create cache storage");
});
