import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  type Manifest,
  ManifestError,
  type PermissionPolicy,
  RemoteError,
  type RemotePluginProxy,
  WorkerStartError,
} from "@remote-plugin/proxy";
import { hostVariables } from "../support/host_variables.ts";
import { ScratchWatch, startFixture } from "../support/fixture_proxy.ts";
import { testPython } from "../support/python.ts";

const DENO = { worker: "deno", transport: "unix" } as const;
const PYTHON = { worker: "python", transport: "unix" } as const;

/** Starts the fixture that tells what it sees of a variable. */
async function startSeer(manifest: Partial<Manifest>, permissions: PermissionPolicy = "requested"): Promise<RemotePluginProxy> {
  return await startFixture(DENO, "sees_variables", { manifest, permissions });
}

/** The names in the environment with which a process was started. */
async function namesOf({ pid }: RemotePluginProxy): Promise<string[]> {
  // Deno reads nothing under /proc for a program that does not hold every permission.
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/environ`] }).output();
  return new TextDecoder().decode(stdout).split("\0").map((entry) => entry.split("=")[0]!).filter((name) => name !== "");
}

/** What was seen to reach past a plugin's bounds, and some more of each kind. */
const RUNTIME_NAMES = [
  "LD_PRELOAD",
  "LD_LIBRARY_PATH",
  "DYLD_INSERT_LIBRARIES",
  "GCONV_PATH",
  "GLIBC_TUNABLES",
  "MALLOC_ARENA_MAX",
  "DENO_PERMISSION_BROKER_PATH",
  "DENO_AUDIT_PERMISSIONS",
  "DENO_DIR",
  "DENO_V8_FLAGS",
  "DENO_CERT",
  "NODE_OPTIONS",
  "NODE_EXTRA_CA_CERTS",
  "NPM_CONFIG_REGISTRY",
  "npm_config_registry",
  "JSR_URL",
  "OTEL_DENO",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "HTTPS_PROXY",
  "https_proxy",
  "no_proxy",
  "SSLKEYLOGFILE",
  "SSL_CERT_FILE",
  "VK_ICD_FILENAMES",
  "RUST_BACKTRACE",
  "TZ",
];

Deno.test("deno: a manifest that would configure the plugin's runtime is refused, whether it sets a variable or inherits it", async () => {
  using _ = hostVariables(Object.fromEntries(RUNTIME_NAMES.filter((name) => Deno.env.get(name) === undefined).map((name) => [name, ""])));
  for (const name of RUNTIME_NAMES) {
    const ways: [Partial<Manifest>, string][] = [
      [{ env_vars: { FINE: "1", [name]: "/nowhere" } }, `$.env_vars.${name}`],
      [{ worker_env: [{ name, default: "/nowhere" }] }, `$.worker_env.${name}`],
    ];
    // What a worker has in any case it may inherit once more.
    if (name !== "TZ" && name !== "DENO_DIR") ways.push([{ inherit_env: ["USER", name] }, "$.inherit_env[1]"]);
    for (const [manifest, place] of ways) {
      // A policy that lets a plugin read any variable does not let it set one.
      for (const policy of [{}, { env: true }, { env: [`${name.slice(0, 3)}*`] }, "requested"] as const) {
        const error = await assertRejects(() => startSeer(manifest, policy), ManifestError);
        assertEquals([error.place, error.message.includes("configures the Deno runtime")], [place, true]);
      }
    }
  }
});

Deno.test("deno: the process of a plugin has a variable of the manifest's when the host's policy names it", async () => {
  const manifest = { env_vars: { DENO_V8_FLAGS: "--max-old-space-size=64", OWN: "1" } };
  await using named = await startSeer(manifest, { env: ["DENO_V8_FLAGS", "OWN"] });
  const names = await namesOf(named);
  assertEquals([names.includes("DENO_V8_FLAGS"), names.includes("OWN")], [true, false]);
  assertEquals((await named.execute<{ deno: string }>({ name: "DENO_V8_FLAGS" })).deno, "--max-old-space-size=64");
  const asks = { ...manifest, permissions: { env: ["DENO_V8_FLAGS"] } };
  await using requested = await startSeer(asks, "requested");
  assertEquals((await namesOf(requested)).includes("DENO_V8_FLAGS"), true);
});

Deno.test("deno: a plugin sees its variables from its first line on, by Deno.env and by process.env, and its process has none of them", async () => {
  using _ = hostVariables({ REMOTE_PLUGIN_TEST_SHARED: "shared" });
  const env_vars = { OWN: "value=1 ☃", PATH: "/own/bin", HOME: "/own/home", NODE_ENV: "production" };
  await using plugin = await startSeer({ env_vars, inherit_env: ["REMOTE_PLUGIN_TEST_SHARED"] });
  for (const [name, value] of Object.entries({ ...env_vars, REMOTE_PLUGIN_TEST_SHARED: "shared" })) {
    assertEquals(await plugin.execute({ name }), { at_load: value, deno: value, node: value, is_there: true });
  }
  assertEquals(await plugin.execute({ name: "MISSING" }), { at_load: null, deno: null, node: null, is_there: false });
  const names = await namesOf(plugin);
  for (const name of ["OWN", "REMOTE_PLUGIN_TEST_SHARED", "NODE_ENV"]) assertEquals(names.includes(name), false, name);
});

Deno.test("deno: a plugin may change and remove its own variables", async () => {
  await using plugin = await startSeer({ env_vars: { OWN: "1" } });
  const seen = async (change: "set" | "delete") => await plugin.execute({ name: "OWN", change });
  assertEquals(await seen("set"), { at_load: "1", deno: "changed", node: "changed", is_there: true });
  assertEquals(await seen("delete"), { at_load: "1", deno: null, node: null, is_there: false });
});

Deno.test("deno: a plugin reads only those of its variables that it was granted", async () => {
  const manifest = { env_vars: { OPEN: "1", SHUT: "2" }, permissions: { env: ["OPEN"] } };
  await using plugin = await startSeer(manifest);
  assertEquals(await plugin.execute({ name: "OPEN" }), { at_load: null, deno: "1", node: "1", is_there: true });
  const error = await assertRejects(() => plugin.execute({ name: "SHUT" }), RemoteError);
  assertEquals(error.remoteType, "NotCapable");
  await assertRejects(() => plugin.execute({ name: "SHUT", change: "set" }), RemoteError, "SHUT");
});

Deno.test("deno: a plugin that inherits the whole environment does not inherit what configures its runtime, unless the policy names it", async () => {
  using _ = hostVariables({ REMOTE_PLUGIN_TEST_SHARED: "shared", HTTPS_PROXY: "http://127.0.0.1:9", DENO_AUDIT_PERMISSIONS: "/nowhere" });
  await using plugin = await startSeer({ inherit_env: true }, { env: true });
  assertEquals((await plugin.execute<{ deno: string }>({ name: "REMOTE_PLUGIN_TEST_SHARED" })).deno, "shared");
  for (const name of ["HTTPS_PROXY", "DENO_AUDIT_PERMISSIONS"]) assertEquals((await plugin.execute<{ deno: string }>({ name })).deno, null);
  await using named = await startSeer({ inherit_env: true }, { env: ["HTTPS_PROXY"] });
  const names = await namesOf(named);
  assertEquals([names.includes("HTTPS_PROXY"), names.includes("DENO_AUDIT_PERMISSIONS")], [true, false]);
});

Deno.test("deno: the programs that a plugin starts see its variables", async () => {
  const manifest = { env_vars: { OWN: "1", HOME: "/own/home" }, permissions: { run: [testPython()] } };
  await using plugin = await startFixture(DENO, "runs_program", { manifest });
  const args = ["-S", "-c", "import os; print(os.environ.get('OWN'), os.environ.get('HOME'))"];
  assertEquals(await plugin.execute({ program: testPython(), args }), "1 /own/home\n");
});

Deno.test("python: variables of the manifest are those of the plugin's process, which bounds nothing", async () => {
  const manifest = { env_vars: { HTTPS_PROXY: "http://127.0.0.1:9", LD_BIND_NOW: "1" } };
  await using plugin = await startFixture({ worker: "python", transport: "unix" }, "echo", { manifest });
  const names = await namesOf(plugin);
  assertEquals([names.includes("HTTPS_PROXY"), names.includes("LD_BIND_NOW")], [true, true]);
});

for (
  const [what, face, env_vars, told] of [
    ["one of 2 MB", DENO, { SMALL: "1", BIG: "x".repeat(2_000_000) }, '"BIG" 2000002, "SMALL" 3. Write'],
    ["many of 100 kB", DENO, Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`V${n}`, "x".repeat(100_000)])), "27 more. Write"],
    ["1 MiB of what JSON writes longer", DENO, { BIG: "\u0001".repeat(200_000) }, '"BIG" 1200002. Write'],
    ["one of 2 MB", PYTHON, { BIG: "x".repeat(2_000_000) }, '"BIG" 2000000, '],
    ["many of 100 kB", PYTHON, Object.fromEntries(Array.from({ length: 90 }, (_, n) => [`V${n}`, "x".repeat(100_000)])), '"V0" 100000, '],
  ] as const
) {
  Deno.test(`${face.worker}: variables that are too large, ${what}, are an error that names them and says what to do, before anything is started`, async () => {
    await using scratch = await ScratchWatch.create();
    const fixture = face === DENO ? "sees_variables" : "echo";
    const start = startFixture(face, fixture, { manifest: { env_vars }, scratchDir: scratch.path });
    const error = await assertRejects(() => start, WorkerStartError);
    assertEquals([error.phase, error.output], ["spawn", ""]);
    assertStringIncludes(error.message, told);
    assertStringIncludes(error.message, "put its path into the variable");
    assertEquals(scratch.names(), []);
  });
}

Deno.test("deno: variables of a little less than 1 MiB arrive", async () => {
  await using plugin = await startSeer({ env_vars: { BIG: "x".repeat(1_000_000) } });
  assertEquals((await plugin.execute<{ deno: string }>({ name: "BIG" })).deno.length, 1_000_000);
});
