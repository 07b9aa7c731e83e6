import { dirname, join } from "@std/path";
import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Manifest, RemotePluginProxy, RemotePluginProxySync, WorkerStartError } from "@remote-plugin/proxy";
import { PluginManager } from "@remote-plugin/proxy/manager";
import { foreignManifest } from "../support/fixture_proxy.ts";
import { CANNOT_MAKE, EnvironmentTrial, PACKAGE, scriptWith } from "../support/environments.ts";

const ignore = CANNOT_MAKE;

/** Where the plugin's package lies. */
interface Seen {
  readonly python: string;
  readonly file: string;
}

const PROJECT = `[project]\nname = "tried"\nversion = "1"\nrequires-python = ">=3.8"\ndependencies = ["${PACKAGE}"]\n`;

/** Each form of an environment: the file that it takes, if any, and what stands in the manifest. */
const FORMS: Readonly<Record<string, { readonly file?: readonly [string, string]; readonly environment: Manifest["environment"] }>> = {
  "script metadata": { file: ["plugin.py", scriptWith(`dependencies = ["${PACKAGE}"]`)], environment: "plugin.py" },
  "a project's folder": { file: ["project/pyproject.toml", PROJECT], environment: "project" },
  "a requirements file": { file: ["needs.txt", `# only this\n${PACKAGE}\n`], environment: "needs.txt" },
  "the manifest itself": { environment: { python: ">=3.8", dependencies: [PACKAGE] } },
};

for (const [form, { file, environment }] of Object.entries(FORMS)) {
  Deno.test({
    name: `an environment is made from ${form}, and found by the next start without a program`,
    ignore,
    async fn() {
      await using trial = await EnvironmentTrial.create();
      if (file !== undefined) await trial.write(...file);
      const manifest = await trial.manifest(environment);
      const first = await seenBy(trial, manifest);
      assertStringIncludes(first.file, trial.environments);
      assertEquals(trial.left().length, 1);
      assert(trial.steps.some(({ phase }) => phase === "packages"));
      trial.set({ UV: "/nowhere/uv" });
      trial.steps.length = 0;
      assertEquals(await seenBy(trial, manifest), first);
      assertEquals(trial.steps, []);
    },
  });
}

async function seenBy(trial: EnvironmentTrial, manifest: string): Promise<Seen> {
  await using plugin = await RemotePluginProxy.start(manifest, { onEnvironment: trial.onEnvironment });
  return await plugin.execute<Seen>();
}

Deno.test({
  name: "a module of the plugin that is called as one of Python's own does not keep its environment from being made",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    for (const name of ["signal.py", "subprocess.py"]) await trial.write(`of_plugin/${name}`, "raise RuntimeError");
    await trial.write("of_plugin/needs.txt", PACKAGE);
    assertStringIncludes((await seenBy(trial, await trial.manifest("of_plugin/needs.txt"))).file, trial.environments);
  },
});

Deno.test({
  name: "an environment is the same for the blocking proxy and for a manager, and the first of them makes it",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    const manifest = await trial.manifest({ dependencies: [PACKAGE] });
    using blocking = RemotePluginProxySync.start(manifest, { onEnvironment: trial.onEnvironment });
    const { python } = blocking.execute() as unknown as Seen;
    assertEquals(trial.steps.at(-1)?.phase, "packages");
    trial.steps.length = 0;
    await using manager = await PluginManager.create({ manifests: [manifest], onEnvironment: trial.onEnvironment });
    assertEquals((await manager.get("tried").execute<Seen>()).python, python);
    assertEquals(trial.steps, []);
  },
});

Deno.test({
  name: "a worker of the original's runs in an environment as well",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    const { python_path: _, ...manifest } = foreignManifest({ environment: { dependencies: [PACKAGE] } });
    await using plugin = await RemotePluginProxy.start(manifest, { onEnvironment: trial.onEnvironment });
    assertEquals((await plugin.execute<{ kwargs: unknown }>({ n: 1 })).kwargs, { n: 1 });
    assertEquals(trial.left().length, 1);
  },
});

Deno.test({
  name: "a bounded plugin imports what its environment has, whose bytecode is there before it starts",
  ignore: ignore || Deno.build.os !== "linux",
  async fn() {
    await using trial = await EnvironmentTrial.create();
    const { file } = await seenBy(trial, await trial.manifest({ dependencies: [PACKAGE] }, { permissions: {} }));
    assertEquals([...Deno.readDirSync(join(dirname(file), "__pycache__"))].filter(({ name }) => name.startsWith("__init__.")).length, 1);
  },
});

Deno.test({
  name: "other dependencies are another environment, and other code beside a script's metadata is not",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    const script = scriptWith(`dependencies = ["${PACKAGE}"]`);
    const manifest = await trial.manifest("plugin.py");
    await trial.write("plugin.py", script);
    const { python } = await seenBy(trial, manifest);
    await trial.write("plugin.py", `${script}\n# More.\n`);
    assertEquals((await seenBy(trial, manifest)).python, python);
    await trial.write("plugin.py", script.replace("==2.0.0", "==2.1.0"));
    assertNotEquals((await seenBy(trial, manifest)).python, python);
  },
});

/** What has a lock: the file that says what is wanted, the arguments that lock it, and what stands in the manifest. */
const LOCKED: Readonly<Record<string, readonly [file: string, text: string, ...lock: string[]]>> = {
  "a script's": ["plugin.py", scriptWith('dependencies = ["iniconfig"]'), "--script", "plugin.py"],
  "a project's": ["pyproject.toml", PROJECT.replace("==2.0.0", ""), "--project", "."],
};

for (const [whose, [file, text, ...lock]] of Object.entries(LOCKED)) {
  Deno.test({
    name: `${whose} lock says which versions are installed, and one that is out of date is told`,
    ignore,
    async fn() {
      await using trial = await EnvironmentTrial.create();
      await trial.write(file, text);
      const program = Deno.env.get("UV")!;
      const command = {
        args: ["lock", "--quiet", ...lock, "--upgrade-package", PACKAGE],
        cwd: trial.folder,
        env: { TMPDIR: trial.folder },
      };
      assert((await new Deno.Command(program, command).spawn().status).success);
      const manifest = await trial.manifest(file);
      const seen = await seenBy(trial, manifest);
      const version = join(dirname(dirname(seen.file)), `${PACKAGE.replace("==", "-")}.dist-info`);
      assert((await Deno.stat(version)).isDirectory);
      await trial.write(file, text.replace('"iniconfig"', '"iniconfig", "six"'));
      const error = await assertRejects(() => seenBy(trial, manifest), WorkerStartError, "needs to be updated");
      assertStringIncludes(error.message, "Make it anew: remote-plugin env lock");
    },
  });
}
