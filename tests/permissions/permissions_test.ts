import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { type Manifest, requiredPermissions, type StartOptions } from "@remote-plugin/proxy";
import { hostVariables } from "../support/host_variables.ts";
import { runHost } from "../support/run_host.ts";
import {
  BOTH,
  BOTH_OF_EITHER,
  FACES_OF_EITHER,
  fixtureManifest,
  gone,
  labelOf,
  ScratchWatch,
  startFixture,
} from "../support/fixture_proxy.ts";
import { WrittenPlugin } from "../support/written_plugin.ts";

/** The folder of the package, as `deno run` is told of it. */
const PACKAGE = fromFileUrl(new URL("../../", import.meta.url));

interface OneCall {
  readonly flags: readonly string[];
  readonly manifest: Manifest;
  readonly places: StartOptions;
}

/** Runs a host that calls a plugin once, and reads what it printed. */
async function callOnce(host: "calls_once" | "calls_once_sync", { flags, manifest, places }: OneCall): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runHost(host, flags, [manifest, places, { n: 1 }]);
  assertEquals([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

for (const face of FACES_OF_EITHER) {
  const label = `${labelOf(face)} over ${face.transport}`;
  const host = face.blocking ? "calls_once_sync" : "calls_once";

  // W31: the library prints nothing; the host's output is its own.
  Deno.test(`${label}: a host runs with exactly the flags of requiredPermissions(), and with none of them missing`, async () => {
    await using scratch = await ScratchWatch.create();
    const manifest = await fixtureManifest(face, "echo");
    const places = { scratchDir: scratch.path, ...(face.transport === "unix" ? { socketPath: `${scratch.path}/own.sock` } : {}) };
    const flags = (await requiredPermissions(manifest, { ...places, blocking: face.blocking })).toFlags();
    assertEquals(flags.every((flag) => /^--allow-[a-z]+=/.test(flag)), true, `every flag is narrow: ${flags}`);
    const run = await callOnce(host, { flags, manifest, places });
    assertEquals(run.result, { args: [], kwargs: { n: 1 } });
    assertMatch(String(run.url), face.transport === "unix" ? /^unix:.*own\.sock$/ : /^http:\/\/127\.0\.0\.1:\d+$/);
    for (const flag of flags) {
      const lacking = await callOnce(host, { flags: flags.filter((other) => other !== flag), manifest, places });
      // A blocking proxy without permission for its thread knows of no more than that.
      const told = face.blocking && flag.startsWith("--allow-read=") ? `--allow-read=${PACKAGE}` : flag;
      assertEquals([lacking.error, lacking.flags], ["PermissionDeniedError", [told]]);
      assertEquals(scratch.names(), []);
    }
  });
}

for (const face of BOTH) {
  Deno.test(`${face.worker}: a host without a manifest's choice of transport uses loopback when it may use no socket`, async () => {
    await using scratch = await ScratchWatch.create();
    const { transport: _, ...manifest } = await fixtureManifest(face, "echo");
    const places = { scratchDir: scratch.path };
    const flags = (await requiredPermissions(manifest, places)).toFlags().map((flag) =>
      flag === "--allow-net" ? "--allow-net=127.0.0.1" : flag
    );
    const run = await callOnce("calls_once", { flags, manifest, places });
    assertMatch(String(run.url), /^http:\/\/127\.0\.0\.1:/);
  });
}

for (const face of BOTH_OF_EITHER) {
  Deno.test(`${labelOf(face)}: a host that forgets to dispose ends all the same, and its worker with it`, async () => {
    await using scratch = await ScratchWatch.create();
    const manifest = await fixtureManifest({ ...face, transport: "tcp" }, "echo");
    const places = { scratchDir: scratch.path };
    const flags = (await requiredPermissions(manifest, { ...places, blocking: face.blocking })).toFlags();
    const host = face.blocking ? "forgets_to_dispose_sync" : "forgets_to_dispose";
    const { code, stdout, stderr } = await runHost(host, flags, [manifest, places]);
    assertEquals([code, stderr], [0, ""]);
    await gone(Number(stdout));
    for (const name of scratch.names()) await Deno.remove(`${scratch.path}/${name}`, { recursive: true });
  });
}

for (
  const [what, index, manifest, needsAll] of [
    ["python: a plugin that inherits a linker's variable", 0, { inherit_env: ["LD_BIND_NOW"] }, true],
    ["python: a plugin that inherits everything, and with it a linker's variable", 0, { inherit_env: true }, true],
    ["python: a plugin that inherits a linker's variable which is not set", 0, { inherit_env: ["LD_BIND_NOT"] }, false],
    [
      "python: a plugin that inherits a linker's variable and clears it",
      0,
      { inherit_env: ["LD_BIND_NOW"], env_vars: { LD_BIND_NOW: "" } },
      false,
    ],
    ["python: a plugin with a variable that Deno takes for a linker's", 0, { env_vars: { ld_bind_now: "1" } }, true],
    ["deno: a plugin that inherits a linker's variable which the policy names", 1, { inherit_env: ["LD_BIND_NOW"] }, true],
  ] as const
) {
  Deno.test(`${what} needs ${needsAll ? "--allow-run" : "no program but its worker"}, as requiredPermissions() says`, async () => {
    await using scratch = await ScratchWatch.create();
    const asks = index === 1 ? { permissions: { env: ["LD_BIND_NOW"] } } : {};
    const full = { ...await fixtureManifest({ ...BOTH[index]!, transport: "tcp" }, "echo"), ...asks, ...manifest } as Manifest;
    using _ = hostVariables({ LD_BIND_NOW: "1" });
    const places = { scratchDir: scratch.path, permissions: "requested" } as const;
    const flags = (await requiredPermissions(full, places)).toFlags();
    assertEquals([flags.includes("--allow-run"), flags.some((flag) => flag.startsWith("--allow-run="))], [needsAll, !needsAll]);
    const run = await callOnce("calls_once", { flags, manifest: full, places });
    assertEquals(run.result, { args: [], kwargs: { n: 1 } });
    if (!needsAll) return;
    const narrow = flags.map((flag) => flag === "--allow-run" ? `--allow-run=${full.python_path ?? Deno.execPath()}` : flag);
    const lacking = await callOnce("calls_once", { flags: narrow, manifest: full, places });
    assertEquals([lacking.error, lacking.flags], ["PermissionDeniedError", ["--allow-run"]]);
  });
}

Deno.test("deno: a plugin gets what its manifest asks for as far as the policy allows, and no more", async () => {
  await using scratch = await ScratchWatch.create();
  const [open, shut] = [`${scratch.path}/open.txt`, `${scratch.path}/shut.txt`];
  const module = `${scratch.path}/reads.ts`;
  for (const file of [open, shut]) await Deno.writeTextFile(file, "text");
  await Deno.writeTextFile(module, "export default { execute: ({ path }: { path: string }) => Deno.readTextFileSync(path) };\n");
  const manifest: Manifest = { runtime: "deno", module, permissions: { read: [open, shut] } };
  try {
    const face = BOTH[1]!;
    await using plugin = await startFixture(face, "echo", { manifest, permissions: { read: [open] } });
    assertEquals(plugin.permissions, { read: [open] });
    assertEquals(await plugin.execute({ path: open }), "text");
    const error = await assertRejects(() => plugin.execute({ path: shut }));
    assertStringIncludes(String(error), "NotCapable");
    await assertRejects(() => plugin.execute({ path: module }), Error, "NotCapable");
  } finally {
    for (const file of [open, shut, module]) await Deno.remove(file);
  }
});

// W23: a worker's environment is cleared first.
Deno.test("python: a worker sees no variable of the host's but the default ones and those that its manifest names", async () => {
  await using scratch = await ScratchWatch.create();
  await Deno.writeTextFile(
    `${scratch.path}/sees.py`,
    "import os\n\n\nclass Sees:\n    def execute(self):\n        return dict(os.environ)\n",
  );
  Deno.env.set("REMOTE_PLUGIN_TEST_SECRET", "hidden");
  Deno.env.set("REMOTE_PLUGIN_TEST_SHARED", "shown");
  try {
    const manifest = {
      module: "sees",
      class: "Sees",
      plugin_path: scratch.path,
      env_vars: { OWN: "1", PYTHONDONTWRITEBYTECODE: "1" },
      inherit_env: ["REMOTE_PLUGIN_TEST_SHARED"],
    };
    await using plugin = await startFixture(BOTH[0]!, "echo", { manifest });
    const environment = await plugin.execute<Record<string, string>>();
    assertEquals(environment.REMOTE_PLUGIN_TEST_SECRET, undefined);
    assertEquals([environment.REMOTE_PLUGIN_TEST_SHARED, environment.OWN], ["shown", "1"]);
    assertEquals(environment.PATH !== undefined, true);
  } finally {
    Deno.env.delete("REMOTE_PLUGIN_TEST_SECRET");
    Deno.env.delete("REMOTE_PLUGIN_TEST_SHARED");
    await Deno.remove(`${scratch.path}/sees.py`);
  }
});

Deno.test("deno: a host that may not read a plugin's deno.json is told so when an import cannot be found, and imports by it when it may", async () => {
  await using scratch = await ScratchWatch.create();
  await using plugin = await WrittenPlugin.create({
    "plugin.ts": 'import name from "named"; export default { execute: () => name };',
    "named.ts": 'export default "wanted";',
    "deno.json": '{"imports": {"named": "./named.ts"}}',
  });
  const manifest: Manifest = { name: "named", runtime: "deno", module: plugin.file("plugin.ts"), transport: "tcp" };
  const places = { scratchDir: scratch.path };
  const flags = (await requiredPermissions(manifest, places)).toFlags();
  const folder = `--allow-read=${plugin.file(".")}`;
  const refused = await callOnce("calls_once", { flags, manifest, places });
  assertEquals([refused.error, String(refused.message).split(": add ")[1]], ["WorkerStartError", folder]);
  const more = flags.map((flag) => flag.startsWith("--allow-read=") ? `${folder},${flag.slice("--allow-read=".length)}` : flag);
  assertEquals((await callOnce("calls_once", { flags: more, manifest, places })).result, "wanted");
});
