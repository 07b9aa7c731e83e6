import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { RemotePluginProxy, WorkerStartError } from "@remote-plugin/proxy";
import { CANNOT_MAKE, EnvironmentTrial, PACKAGE } from "../support/environments.ts";
import { testPython } from "../support/python.ts";

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
  name: "without uv anywhere pip brings a pinned version, once",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    trial.set({ PIP_CACHE_DIR: join(Deno.env.get("UV_CACHE_DIR")!, "pip") });
    await pathWith(trial, { python3: testPython() });
    assertStringIncludes((await start(trial))[0]!, "Bringing uv 0.13.9 by pip");
    await Deno.remove(trial.environments, { recursive: true });
    trial.steps.length = 0;
    assertEquals(await start(trial), []);
    const own = [...Deno.readDirSync(dirname(trial.environments))].map(({ name }) => name).filter((name) => name.startsWith("uv-"));
    assertEquals(own.sort(), ["uv-0.13.9", "uv-0.13.9.lock"]);
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
