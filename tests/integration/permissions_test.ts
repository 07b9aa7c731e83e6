import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { type Manifest, requiredPermissions, type WorkerPlaces } from "@remote-plugin/proxy";
import { runHost } from "../support/run_host.ts";
import { BOTH, FACES, fixtureManifest, isRunning, ScratchWatch, startFixture } from "./fixture_proxy.ts";

/** Runs the host that calls a plugin once, and reads what it printed. */
async function callOnce(flags: readonly string[], manifest: Manifest, places: WorkerPlaces): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runHost("calls_once", flags, [manifest, places, { n: 1 }]);
  assertEquals([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

for (const face of FACES) {
  const label = `${face.worker} over ${face.transport}`;

  // W31: the library prints nothing; the host's output is its own.
  Deno.test(`${label}: a host runs with exactly the flags of requiredPermissions(), and with none of them missing`, async () => {
    await using scratch = await ScratchWatch.create();
    const manifest = await fixtureManifest(face, "echo");
    const places = { scratchDir: scratch.path, ...(face.transport === "unix" ? { socketPath: `${scratch.path}/own.sock` } : {}) };
    const flags = (await requiredPermissions(manifest, places)).toFlags();
    assertEquals(flags.every((flag) => /^--allow-[a-z]+=/.test(flag)), true, `every flag is narrow: ${flags}`);
    const run = await callOnce(flags, manifest, places);
    assertEquals(run.result, { args: [], kwargs: { n: 1 } });
    assertMatch(String(run.url), face.transport === "unix" ? /^unix:.*own\.sock$/ : /^http:\/\/127\.0\.0\.1:\d+$/);
    for (const flag of flags) {
      const lacking = await callOnce(flags.filter((other) => other !== flag), manifest, places);
      assertEquals([lacking.error, lacking.flags], ["PermissionDeniedError", [flag]]);
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
    const run = await callOnce(flags, manifest, places);
    assertMatch(String(run.url), /^http:\/\/127\.0\.0\.1:/);
  });

  Deno.test(`${face.worker}: a host that forgets to dispose ends all the same, and its worker with it`, async () => {
    await using scratch = await ScratchWatch.create();
    const manifest = await fixtureManifest({ ...face, transport: "tcp" }, "echo");
    const flags = (await requiredPermissions(manifest, { scratchDir: scratch.path })).toFlags();
    const { code, stdout, stderr } = await runHost("forgets_to_dispose", flags, [manifest, { scratchDir: scratch.path }]);
    assertEquals([code, stderr], [0, ""]);
    await gone(Number(stdout));
    for (const name of scratch.names()) await Deno.remove(`${scratch.path}/${name}`, { recursive: true });
  });
}

/** Resolves when a process has ended. Nothing tells of the end of another's child, so this one has to look. */
async function gone(pid: number): Promise<void> {
  for (let looks = 0; await isRunning(pid); looks++) {
    if (looks > 1_000) throw new Error(`The process ${pid} is there still`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
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
