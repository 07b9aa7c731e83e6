import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ManifestError } from "../errors.ts";
import { discoverManifests } from "./discover.ts";
import { loadManifest } from "./load.ts";
import type { PluginSpec } from "./manifest.ts";

const SURFACE = { methods: [{ name: "segment_text", params: ["text", "kwargs"] }], properties: ["name"], attributes: [] };

/** A manifest as `cjm-ctl` writes it. */
function nested(name: string, code: Record<string, unknown> = {}, install: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    format_version: "2.0",
    install: {
      python_path: "/envs/x/bin/python",
      conda_env: "x",
      db_path: "",
      env_vars: {},
      installed_at: "",
      package_source: "x",
      ...install,
    },
    code: { name, version: "0.0.3", description: "d", module: "x.plugin", class: "X", interface: "", structural_surface: SURFACE, ...code },
    drift_tracking: { config_schema_hash: "sha256:0" },
    overrides: {},
  };
}

/** A `.cjm` folder with these manifests and, maybe, secrets. */
async function inFolder<T>(manifests: Record<string, unknown>, body: (root: string) => Promise<T>, secrets?: unknown): Promise<T> {
  const base = await Deno.makeTempDir();
  const root = `${base}/.cjm`;
  try {
    await Deno.mkdir(`${root}/manifests`, { recursive: true });
    await Deno.mkdir(`${root}/secrets`);
    for (const [file, content] of Object.entries(manifests)) await Deno.writeTextFile(`${root}/manifests/${file}`, JSON.stringify(content));
    if (secrets !== undefined) await Deno.writeTextFile(`${root}/secrets/secrets.json`, JSON.stringify(secrets));
    return await body(root);
  } finally {
    await Deno.remove(base, { recursive: true });
  }
}

async function loadNested(worker_env: unknown[], secrets?: unknown): Promise<{ root: string; spec: PluginSpec }> {
  const manifest = nested("gem", { worker_env }, { env_vars: { HF_HOME: "/old", CJM_MODELS_DIR: "/models" } });
  return await inFolder(
    { "gem.json": manifest },
    async (root) => ({ root, spec: await loadManifest(`${root}/manifests/gem.json`) }),
    secrets,
  );
}

Deno.test("a manifest in the original's folder gives the worker the original's folders for data", async () => {
  const { root, spec } = await loadNested([]);
  assertEquals(spec.env, {
    HF_HOME: "/old",
    CJM_MODELS_DIR: "/models",
    CJM_PLUGIN_DATA_DIR: `${root}/data`,
    CJM_CAPABILITY_DATA_DIR: `${root}/data`,
    PLUGIN_DATA_DIR: `${root}/data/gem`,
    CAPABILITY_DATA_DIR: `${root}/data/gem`,
  });
  assertEquals(spec.warnings, []);
});

/** What a `cjm.yaml` says of the folder for models, and what that is. */
const MODELS: readonly [string, string | undefined][] = [
  ["models_dir: models # large", "models"],
  ['models_dir: "/m"', "/m"],
  ["base: &base /m\nmodels_dir: *base", "/m"],
  ["data_dir: .cjm", undefined],
  ["models_dir: ~", undefined],
];

Deno.test("a folder for models that cjm.yaml names goes to the worker, and into templates", async () => {
  const worker_env = [{ name: "HF_HOME", default: "${CJM_MODELS_DIR}/hf" }];
  await inFolder({ "gem.json": nested("gem", { worker_env }) }, async (root) => {
    for (const [lines, models] of MODELS) {
      await Deno.writeTextFile(`${root}/../cjm.yaml`, `runtime:\n  mode: local\n${lines}\n`);
      const { env, warnings } = await loadManifest(`${root}/manifests/gem.json`);
      const folder = models === undefined || models.startsWith("/") ? models : `${root.slice(0, -".cjm".length)}${models}`;
      assertEquals([env.CJM_MODELS_DIR, env.HF_HOME], [folder, folder === undefined ? undefined : `${folder}/hf`]);
      assertEquals(warnings.length, folder === undefined ? 1 : 0);
    }
  });
});

Deno.test("a cjm.yaml that is no YAML is named", async () => {
  await inFolder({ "gem.json": nested("gem", {}) }, async (root) => {
    await Deno.writeTextFile(`${root}/../cjm.yaml`, "models_dir: [");
    const error = await assertRejects(() => loadManifest(`${root}/manifests/gem.json`), ManifestError);
    assertStringIncludes(error.message, 'cjm.yaml": it is no YAML (');
  });
});

Deno.test("templates of worker_env are resolved, and win over env_vars", async () => {
  const { root, spec } = await loadNested([
    { name: "HF_HOME", default: "${CJM_MODELS_DIR}/huggingface" },
    { name: "OWN", default: "${PLUGIN_DATA_DIR}/$PLUGIN_NAME-$$" },
    { name: "NONE", default: null },
  ]);
  assertEquals([spec.env.HF_HOME, spec.env.OWN, "NONE" in spec.env], ["/models/huggingface", `${root}/data/gem/gem-$`, false]);
});

Deno.test("a secret comes from the original's store", async () => {
  const key = { name: "GEM_KEY", secret: true, required: true };
  const { spec } = await loadNested([key], { __default__: { gem: { GEM_KEY: "s3" }, other: { GEM_KEY: "no" } } });
  assertEquals(spec.env.GEM_KEY, "s3");
});

Deno.test("a secret that is needed and nowhere to be found is refused, and one that is not needed is a warning", async () => {
  const error = await assertRejects(() => loadNested([{ name: "GEM_KEY", secret: true, required: true }]), ManifestError);
  assertEquals(error.place, "$.worker_env.GEM_KEY");
  assertStringIncludes(error.message, 'the secret "GEM_KEY" is neither in "secrets/secrets.json" nor in the host\'s environment');
  const { spec } = await loadNested([{ name: "GEM_KEY", secret: true }]);
  assertEquals(spec.env.GEM_KEY, undefined);
  assertStringIncludes(spec.warnings.join(), 'goes without "GEM_KEY"');
});

Deno.test("a template that names what nobody knows is refused and lists what is known", async () => {
  const error = await assertRejects(() => loadNested([{ name: "A", default: "${HOME}/x" }]), ManifestError);
  assertStringIncludes(error.message, '"${HOME}/x" names "HOME", known are CJM_MODELS_DIR');
});

Deno.test("a manifest of a later format, and one of a task adapter, are refused", async () => {
  const later = { ...nested("x"), format_version: "3.0" };
  assertEquals((await assertRejects(() => loadManifest(later as never), ManifestError)).place, "$.format_version");
  assertEquals(
    (await assertRejects(() => loadManifest({ unit: "adapter", module: "x", class: "Y" } as never), ManifestError)).place,
    "$.unit",
  );
});

Deno.test("task adapters whose manifests lie beside the plugin's are bound when the plugin has what they need", async () => {
  const adapter = (name: string, method: unknown) => ({
    unit: "adapter",
    name,
    task_name: "t",
    module: "a.generic",
    class: name,
    protocol_members: { methods: [method], properties: [] },
  });
  const adapters = {
    "adapter-1.json": adapter("Fits", { name: "segment_text", params: ["text"] }),
    "adapter-2.json": adapter("Lacks", { name: "other", params: [] }),
    "adapter-3.json": adapter("Differs", { name: "segment_text", params: ["sentence"] }),
  };
  await inFolder({ "x.json": nested("x"), ...adapters }, async (root) => {
    const { runtime } = await loadManifest(`${root}/manifests/x.json`);
    assertEquals(runtime.kind === "python" && runtime.adapters, ["a.generic:Fits"]);
  });
});

Deno.test("discoverManifests() finds both forms, lets the first folder shadow the second, and tells what is wrong with the rest", async () => {
  const flat = { name: "flat", python_path: "/envs/y/bin/python", module: "y.plugin", class: "Y", version: "0.0.9", interface: "i" };
  const first = { "a.json": nested("x"), "flat.json": flat, "adapter-a.json": { unit: "adapter" }, "bad.json": { name: "bad" } };
  await inFolder(first, (one) =>
    inFolder({ "x.json": nested("x"), "z.json": nested("z") }, async (two) => {
      const { manifests, problems } = await discoverManifests([`${one}/manifests`, `${two}/manifests`, `${two}/none`]);
      assertEquals(manifests, [
        { name: "x", path: `${one}/manifests/a.json` },
        { name: "flat", path: `${one}/manifests/flat.json` },
        { name: "z", path: `${two}/manifests/z.json` },
      ]);
      assertEquals(problems.map(({ place }) => place), ["$.module"]);
    }));
});

for (const worker of ["-c", "a b", "../x", ""]) {
  Deno.test(`a worker called "${worker}" is refused`, async () => {
    const error = await assertRejects(() => loadManifest({ module: "m", class: "C", worker }), ManifestError);
    assertStringIncludes(error.message, 'wanted is "builtin" or the name of a Python module');
  });
}
