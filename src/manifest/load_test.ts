import { assertEquals, assertRejects, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { ManifestError, PermissionDeniedError } from "../errors.ts";
import { loadManifest } from "./load.ts";
import type { Manifest } from "./manifest.ts";

const PYTHON: Manifest = { module: "pkg.mod", class: "Plugin" };

async function complaint(manifest: unknown): Promise<ManifestError> {
  return await assertRejects(() => loadManifest(manifest as Manifest), ManifestError);
}

async function loadText(text: string, name = "plugin.json") {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/${name}`;
    await Deno.writeTextFile(path, text);
    return { folder, spec: await loadManifest(path) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a manifest gets its defaults", async () => {
  const spec = await loadManifest(PYTHON);
  assertEquals({ name: spec.name, version: spec.version, calls: spec.maxConcurrency, start: spec.startTimeoutMs }, {
    name: "pkg.mod",
    version: "0.0.0",
    calls: 1,
    start: 60_000,
  });
  assertEquals(spec.runtime.kind === "python" && spec.runtime.interpreter, "python3");
  assertEquals(spec.warnings, []);
});

Deno.test("paths of a manifest belong to its folder, bare interpreter names to PATH", async () => {
  const text = JSON.stringify({ ...PYTHON, python_path: "./venv/bin/python", plugin_path: ["lib", "/abs"] });
  const { folder, spec } = await loadText(text);
  assertEquals(spec.runtime, {
    kind: "python",
    interpreter: `${folder}/venv/bin/python`,
    module: "pkg.mod",
    entry: { kind: "class", name: "Plugin" },
    path: [`${folder}/lib`, "/abs"],
    adapters: [],
    environment: undefined,
    foreignWorker: undefined,
    permissions: undefined,
    isSandboxed: false,
  });
});

Deno.test("~ in a path is the home folder", async () => {
  const spec = await loadManifest({ ...PYTHON, python_path: "~/env/bin/python" });
  assertEquals(spec.runtime.kind === "python" && spec.runtime.interpreter, `${Deno.env.get("HOME")}/env/bin/python`);
});

Deno.test("a manifest's working folder belongs to the manifest's own, and without one there is none", async () => {
  const { folder, spec } = await loadText(JSON.stringify({ ...PYTHON, cwd: "data/in" }));
  assertEquals(spec.cwd, `${folder}/data/in`);
  assertEquals((await loadManifest({ ...PYTHON, cwd: "/srv" })).cwd, "/srv");
  assertEquals((await loadManifest(PYTHON)).cwd, undefined);
});

Deno.test("a Deno plugin's module and permissions are resolved against the manifest", async () => {
  const { folder, spec } = await loadText(
    JSON.stringify({ runtime: "deno", module: "./p.ts", permissions: { read: ["a", "/b"], net: ["x:1"] } }),
  );
  assertEquals(spec.name, "p");
  assertEquals(spec.runtime, {
    kind: "deno",
    module: `file://${folder}/p.ts`,
    entry: { kind: "class", name: "default" },
    permissions: { read: [`${folder}/a`, "/b"], net: ["x:1"] },
  });
});

Deno.test("the nested manifest of the original's later tools loads as the flat one does", async () => {
  const nested = {
    format_version: "2.0",
    install: { python_path: "/opt/env/bin/python", conda_env: "w", env_vars: { A: "1" }, installed_at: "x" },
    code: { name: "whisper", version: "1.2.0", module: "w.plugin", class: "W", taxonomy: {} },
    drift_tracking: {},
    overrides: {},
  };
  const spec = await loadManifest(nested as unknown as Manifest);
  assertEquals([spec.name, spec.version, spec.env.A, spec.warnings.length], ["whisper", "1.2.0", "1", 0]);
});

Deno.test("an unknown key is a warning that names the nearest known one", async () => {
  const spec = await loadManifest({ ...PYTHON, max_concurency: 2 } as Manifest);
  assertEquals(spec.warnings, [
    'The manifest "(manifest object)" has the unknown key "max_concurency"; the nearest known one is "max_concurrency"',
  ]);
});

Deno.test("an unknown key that is like no known one is a warning that names none", async () => {
  const spec = await loadManifest({ ...PYTHON, frobnicate: 2 } as Manifest);
  assertEquals(spec.warnings, ['The manifest "(manifest object)" has the unknown key "frobnicate"']);
});

/** What may not stand under `environment`, its place, and what is said of it. */
const WRONG_ENVIRONMENTS: readonly (readonly [unknown, string, string])[] = [
  [5, "$.environment", "is 5, wanted is a path that is not empty, or an object"],
  [["numpy"], "$.environment", 'is ["numpy"], wanted is a path that is not empty, or an object'],
  ["", "$.environment", 'is "", wanted is a path that is not empty, or an object'],
  [{ pyton: "3" }, "$.environment.pyton", "is an unknown key, wanted is one of python, dependencies, index, extra_args"],
  [{ dependencies: "numpy" }, "$.environment.dependencies", 'is "numpy", wanted is a list of strings'],
  [{ dependencies: ["numpy", 4] }, "$.environment.dependencies[1]", "is 4, wanted is a string"],
  [{ python: "" }, "$.environment.python", 'is "", wanted is a string that is not empty'],
];

Deno.test("an environment of a wrong type names what is wrong inside it", async () => {
  for (const [environment, place, told] of WRONG_ENVIRONMENTS) {
    const error = await assertRejects(() => loadManifest({ ...PYTHON, environment } as Manifest), ManifestError, told);
    assertEquals(error.place, place);
  }
});

Deno.test("an environment beside an interpreter is refused, and without one it has the paths of its manifest", async () => {
  const both = { ...PYTHON, python_path: "python3", environment: "needs.txt" };
  const error = await assertRejects(() => loadManifest(both), ManifestError, 'stands beside "python_path"');
  assertEquals(error.place, "$.environment");
  const { python_path: _, ...alone } = both;
  const { folder, spec } = await loadText(JSON.stringify(alone));
  assertEquals(spec.runtime.kind === "python" && spec.runtime.environment, { kind: "path", path: `${folder}/needs.txt` });
});

/** Wrong values, the places of what is wrong in them, and what is said of it. */
const WRONG_VALUES: readonly (readonly [Record<string, unknown>, string, string])[] = [
  [{ max_concurrency: 1.5 }, "$.max_concurrency", "is 1.5, wanted is a whole number"],
  [{ batch: { max_size: 1.5 } }, "$.batch.max_size", "is 1.5, wanted is a whole number"],
  [{ batch: { max_wait_ms: 0.5 } }, "$.batch.max_wait_ms", "is 0.5, wanted is a whole number"],
  [{ restart: 5 }, "$.restart", 'is 5, wanted is "never", "on_failure", "always", or an object'],
  [{ restart: "on_crash" }, "$.restart", 'is "on_crash", wanted is "never", "on_failure", "always", or an object'],
  [{ restart: { mode: "on_crash" } }, "$.restart.mode", 'is "on_crash", wanted is "never" or "on_failure" or "always"'],
  [{ restart: { max_crashes: 0 } }, "$.restart.max_crashes", "is 0, wanted is a whole number of at least 1"],
  [
    { restart: { retries: 2 } },
    "$.restart.retries",
    "is an unknown key, wanted is one of mode, initial_delay_ms, max_delay_ms, max_crashes, window_ms",
  ],
];

Deno.test("a wrong number and a wrong restart name what is wrong and what is wanted", async () => {
  for (const [values, place, told] of WRONG_VALUES) {
    const error = await assertRejects(() => loadManifest({ ...PYTHON, ...values } as Manifest), ManifestError, told);
    assertEquals(error.place, place);
  }
});

Deno.test("a wrong type names its JSON path, what was there and what was wanted", async () => {
  const error = await complaint({ ...PYTHON, env_vars: { CUDA: 1 } });
  assertEquals(error.place, "$.env_vars.CUDA");
  assertEquals(error.message, 'Cannot use the manifest: "$.env_vars.CUDA" is 1, wanted is a string');
  const number = await complaint({ ...PYTHON, max_concurrency: "2" });
  assertEquals(number.message, 'Cannot use the manifest: "$.max_concurrency" is "2", wanted is a number');
});

for (
  const [what, manifest, place] of [
    ["a list", [], "$"],
    ["null", null, "$"],
    ["no module", { class: "X" }, "$.module"],
    ["no class for Python", { module: "x" }, "$.class"],
    ["an empty name", { ...PYTHON, name: "" }, "$.name"],
    ["a runtime that does not exist", { ...PYTHON, runtime: "ruby" }, "$.runtime"],
    ["no place for calls", { ...PYTHON, max_concurrency: 0 }, "$.max_concurrency"],
    ["half a call", { ...PYTHON, max_concurrency: 1.5 }, "$.max_concurrency"],
    ["an unknown permission", { runtime: "deno", module: "x", permissions: { raed: ["a"] } }, "$.permissions.raed"],
    ["a variable without a name", { ...PYTHON, env_vars: { "": "1" } }, "$.env_vars."],
    ["an equals sign in a variable's name", { ...PYTHON, env_vars: { "A=B": "1" } }, "$.env_vars.A=B"],
    ["NUL in a variable's name", { ...PYTHON, env_vars: { "A\0B": "1" } }, "$.env_vars.A\\u0000B"],
    ["NUL in a variable's value", { ...PYTHON, env_vars: { A: "1\0" } }, "$.env_vars.A"],
    ["an equals sign in an inherited name", { ...PYTHON, inherit_env: ["A", "B=C"] }, "$.inherit_env[1]"],
    ["an equals sign in a worker's variable", { ...PYTHON, worker_env: [{ name: "A=B", default: "1" }] }, "$.worker_env[0].name"],
    ["an empty working folder", { ...PYTHON, cwd: "" }, "$.cwd"],
    ["NUL in its working folder", { ...PYTHON, cwd: "/srv\0" }, "$.cwd"],
    ["a host's name for Python", { ...PYTHON, permissions: { net: [":443", "example.com:443"] } }, "$.permissions.net[1]"],
    ["a port that is none", { ...PYTHON, permissions: { net: [":65536"] } }, "$.permissions.net[0]"],
    ["single programs for Python", { ...PYTHON, permissions: { run: ["git"] } }, "$.permissions.run"],
    ["bounds that its worker cannot keep", { ...PYTHON, worker: "cjm_plugin_system.core.worker", permissions: {} }, "$.permissions"],
    ["a sandbox for Deno", { runtime: "deno", module: "x", sandbox: "bubblewrap" }, "$.sandbox"],
    ["a sandbox around a worker of its own", { ...PYTHON, worker: "old_worker", sandbox: "bubblewrap" }, "$.sandbox"],
    ["an unknown sandbox", { ...PYTHON, sandbox: "docker" }, "$.sandbox"],
    ["an unknown permission for Python", { ...PYTHON, permissions: { raed: ["a"] } }, "$.permissions.raed"],
    ["a limit of memory that is none", { ...PYTHON, resources: { max_memory_mb: 0 } }, "$.resources.max_memory_mb"],
    ["an empty permission", { runtime: "deno", module: "x", permissions: { read: ["/a", ""] } }, "$.permissions.read[1]"],
    ["two permissions in one", { runtime: "deno", module: "x", permissions: { read: ["/a,/etc"] } }, "$.permissions.read[0]"],
    ["a pattern for programs", { runtime: "deno", module: "x", permissions: { run: ["/usr/bin/*"] } }, "$.permissions.run[0]"],
    ["a permission that is a string", { runtime: "deno", module: "x", permissions: { read: "a" } }, "$.permissions.read"],
  ] as const
) {
  Deno.test(`a manifest with ${what} is refused at "${place}"`, async () => {
    assertEquals((await complaint(manifest)).place, place);
  });
}

Deno.test("no manifest passes for one that was checked, whatever its keys are", async () => {
  const checked = await loadManifest({ ...PYTHON, env_vars: { A: "1" } });
  const { runtime, inheritEnv } = checked;
  assertEquals((await complaint({ ...PYTHON, runtime, inheritEnv })).place, "$.runtime");
  await complaint(JSON.parse(JSON.stringify(checked)));
  await complaint(structuredClone(checked));
});

Deno.test("a manifest that was checked is taken as it is", async () => {
  const checked = await loadManifest(PYTHON);
  assertStrictEquals(await loadManifest(checked), checked);
});

Deno.test("a Python manifest's permissions are those that the kernel can keep, with absolute paths", async () => {
  const { spec, folder } = await loadText(
    JSON.stringify({ ...PYTHON, permissions: { read: ["data"], write: true, net: [":443"], run: [] } }),
  );
  const { runtime } = spec;
  assertEquals(runtime.kind === "python" && runtime.permissions, {
    read: [`${folder}/data`],
    write: true,
    net: [":443"],
    run: [],
  });
});

Deno.test("a Python manifest is told which of its permissions mean nothing, and what does", async () => {
  const { runtime, warnings } = await loadManifest({ ...PYTHON, permissions: { env: ["HOME"], import: ["a.com"] } });
  assertEquals(runtime.kind === "python" && runtime.permissions, {});
  assertEquals(warnings, [
    '"env" in "permissions" of "pkg.mod" means nothing for a Python plugin: its environment is what "env_vars" and "inherit_env" say',
    '"import" in "permissions" of "pkg.mod" means nothing for a Python plugin: what it may read ("read") it may import',
  ]);
});

Deno.test("a manifest's limits of memory and processes are read", async () => {
  const { limits } = await loadManifest({ ...PYTHON, resources: { max_memory_mb: 512, max_processes: 8 } });
  assertEquals(limits, { memoryMb: 512, processes: 8 });
  const deno = await loadManifest({ runtime: "deno", module: import.meta.url, resources: { max_processes: 8 } });
  assertEquals(deno.limits.processes, 8);
});

Deno.test("a Deno manifest may limit memory", async () => {
  const { limits } = await loadManifest({ runtime: "deno", module: "x", resources: { max_memory_mb: 512 } });
  assertEquals(limits, { memoryMb: 512, processes: undefined });
});

Deno.test("a manifest that is no JSON says so and names its file", async () => {
  const error = await assertRejects(() => loadText("{ name: 1 }"), ManifestError);
  assertStringIncludes(error.message, 'plugin.json": it is no JSON');
});

Deno.test("a manifest with a byte order mark and a non-ASCII path loads", async () => {
  const { spec } = await loadText(`\uFEFF${JSON.stringify(PYTHON)}`, "é 文 plugin.json");
  assertStringIncludes(spec.source!, "é 文 plugin.json");
});

Deno.test("a manifest that is not there says so", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.remove(folder);
  const error = await assertRejects(() => loadManifest(`${folder}/plugin.json`), ManifestError);
  assertEquals(error.message, `Cannot read the manifest "${folder}/plugin.json": there is no such file`);
});

Deno.test({
  name: "a manifest that the host may not read gives the flag to add",
  permissions: { read: [] },
  async fn() {
    const error = await assertRejects(() => loadManifest("/etc/plugin.json"), PermissionDeniedError);
    assertEquals(error.flags, ["--allow-read=/etc/plugin.json"]);
  },
});
