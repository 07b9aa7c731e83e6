import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { RemotePluginProxy, requiredPermissions, WorkerStartError } from "@remote-plugin/proxy";
import { CANNOT_MAKE, EnvironmentTrial, PACKAGE } from "../support/environments.ts";
import { ScratchWatch } from "../support/fixture_proxy.ts";
import { testPython } from "../support/python.ts";
import { runHost } from "../support/run_host.ts";

const ignore = CANNOT_MAKE || Deno.build.os === "windows";

/** A `PATH` on which there is nothing but these programs, each by another's path. */
async function pathWith(trial: EnvironmentTrial, programs: Readonly<Record<string, string>>): Promise<void> {
  await Deno.mkdir(join(trial.folder, "bin"));
  for (const [name, program] of Object.entries(programs)) {
    await trial.write(`bin/${name}`, `#!/bin/sh\nexec "${program}" "$@"\n`);
    await Deno.chmod(join(trial.folder, "bin", name), 0o755);
  }
  trial.set({ UV: "", PATH: join(trial.folder, "bin") });
}

async function start(trial: EnvironmentTrial): Promise<string[]> {
  const manifest = await trial.manifest({ dependencies: [PACKAGE] });
  await using plugin = await RemotePluginProxy.start(manifest, { onEnvironment: trial.onEnvironment });
  await plugin.execute();
  return trial.steps.filter(({ phase }) => phase === "uv").map(({ message }) => message);
}

Deno.test({
  name: "without uv anywhere pip brings a pinned version once, and a host with the flags of requiredPermissions() may have it do so",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    await using scratch = await ScratchWatch.create();
    trial.set({ PIP_CACHE_DIR: join(Deno.env.get("UV_CACHE_DIR")!, "pip") });
    await pathWith(trial, { python3: testPython() });
    const manifest = await trial.manifest({ dependencies: [PACKAGE] }, { transport: "tcp" });
    const places = { scratchDir: scratch.path };
    const flags = (await requiredPermissions(manifest, places)).toFlags();
    assertEquals(flags.filter((flag) => flag.startsWith("--allow-run=python3,")).length, 1);
    const { stdout, stderr } = await runHost("calls_once", flags, [manifest, places, {}]);
    assertStringIncludes(stdout, trial.environments, stderr);
    await Deno.remove(trial.environments, { recursive: true });
    assertEquals(await start(trial), []);
    const own = [...Deno.readDirSync(dirname(trial.environments))].map(({ name }) => name).filter((name) => name.startsWith("uv-"));
    assertEquals(own.sort(), ["uv-0.13.9", "uv-0.13.9.lock"]);
  },
});

Deno.test({
  name: "uv is told of each of its runs that nothing may be fetched",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    const uv = join(trial.folder, "uv");
    await trial.write("uv", `#!/bin/sh\necho "$1 $2" >> "${uv}.log"\nexec "${Deno.env.get("UV")}" "$@"\n`);
    await Deno.chmod(uv, 0o755);
    trial.set({ UV: uv });
    await using _plugin = await RemotePluginProxy.start(await trial.manifest({}), { offline: true });
    const runs = (await Deno.readTextFile(`${uv}.log`)).trim().split("\n");
    assertEquals(runs.filter((run) => run !== "--version "), ["--offline run", "--offline venv"]);
  },
});

Deno.test({
  name: "uv is taken as a module of the Python on PATH",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    await pathWith(trial, { python3: join(dirname(Deno.env.get("UV")!), "python"), python: testPython() });
    assertEquals(await start(trial), []);
    assertEquals([...Deno.readDirSync(dirname(trial.environments))].filter(({ name }) => name.startsWith("uv-")), []);
  },
});

Deno.test({
  name: "without uv and without a Python to bring it, a start says where to get it",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    await pathWith(trial, {});
    const error = await assertRejects(
      () => start(trial),
      WorkerStartError,
      "Install uv (https://docs.astral.sh/uv/), or set UV to its path",
    );
    assertEquals(error.phase, "environment");
    assertStringIncludes(error.message, 'there is no "uv"');
  },
});

Deno.test({
  name: "where there is no uv, a host is to be allowed to run what brings it, also when the one who asks may run everything",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    await pathWith(trial, { python3: testPython() });
    const { descriptors } = await requiredPermissions(await trial.manifest({ dependencies: [PACKAGE] }));
    const commands = descriptors.flatMap((one) => one.name === "run" ? one.command : []);
    assertEquals(commands.slice(0, 2), ["python3", join(trial.cache, "remote-plugin", "uv-0.13.9", "bin", "uv")]);
    await Deno.rename(join(trial.folder, "bin", "python3"), join(trial.folder, "bin", "uv"));
    const after = await requiredPermissions(await trial.manifest({ dependencies: [PACKAGE] }));
    assertEquals(after.descriptors.flatMap((one) => one.name === "run" ? one.command : [])[0], "uv");
  },
});
