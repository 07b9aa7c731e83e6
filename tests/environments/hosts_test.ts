import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { exists } from "@std/fs";
import { dirname, join } from "@std/path";
import { type EnvironmentStep, RemotePluginProxy, requiredPermissions, WorkerStartError } from "@remote-plugin/proxy";
import { User } from "../support/cli_user.ts";
import { CANNOT_MAKE, EnvironmentTrial, PACKAGE } from "../support/environments.ts";
import { ScratchWatch } from "../support/fixture_proxy.ts";
import { HeldIndex } from "../support/held_index.ts";
import { runHost, spawnHost } from "../support/run_host.ts";

const ignore = CANNOT_MAKE;

Deno.test({
  name: "of two starts at once one makes the environment, and the other one waits for it",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    const manifest = await trial.manifest({ dependencies: [PACKAGE] });
    const both = await Promise.all([0, 1].map(async () => {
      const phases = new Set<string>();
      await using _plugin = await RemotePluginProxy.start(manifest, { onEnvironment: ({ phase }: EnvironmentStep) => phases.add(phase) });
      return [...phases].join();
    }));
    assertEquals(both.sort(), ["python,packages", "wait"]);
    assertEquals(trial.left().length, 1);
  },
});

Deno.test({
  name: "a host that is killed while it makes an environment takes uv with it, and the next one makes it anew",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    await using index = new HeldIndex();
    const manifest = await trial.manifest({ dependencies: [PACKAGE], index: index.url });
    await using host = spawnHost("makes_environment", ["--allow-all"], [manifest]);
    await index.asked();
    assertEquals(trial.left().length, 1);
    host.kill("SIGKILL");
    await Promise.all([host.stdout.cancel(), host.stderr.cancel(), index.hungUp()]);
    await using plugin = await RemotePluginProxy.start(manifest);
    const { file } = await plugin.execute<{ file: string }>();
    assertEquals(trial.left(), [environmentOf(trial, file)]);
  },
});

/** The name of the environment's folder. */
function environmentOf(trial: EnvironmentTrial, path: string): string {
  return path.slice(trial.environments.length + 1).split("/")[0]!;
}

Deno.test({
  name: "a signal ends a start that makes an environment with its own reason, and uv with it",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    await using index = new HeldIndex();
    const controller = new AbortController();
    const manifest = await trial.manifest({ dependencies: [PACKAGE], index: index.url });
    const start = RemotePluginProxy.start(manifest, { signal: controller.signal });
    await index.asked();
    controller.abort(new Error("It takes too long"));
    await assertRejects(() => start, Error, "It takes too long");
    await index.hungUp();
    assertEquals(trial.left(), []);
  },
});

/** A way to build a project that asks the index, and waits. */
const BACKEND = `
import urllib.request

def build_editable(*_):
    urllib.request.urlopen("URL").read()
`;

Deno.test({
  name: "what uv has started to build a package ends with the start as well",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    await using index = new HeldIndex();
    await trial.write("backend.py", BACKEND.replace("URL", index.url));
    await trial.write(
      "pyproject.toml",
      '[project]\nname = "tried"\nversion = "1"\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
    );
    const controller = new AbortController();
    const start = RemotePluginProxy.start(await trial.manifest("pyproject.toml"), { signal: controller.signal });
    await Promise.race([index.asked(), start]);
    controller.abort(new Error("It takes too long"));
    await assertRejects(() => start, Error, "It takes too long");
    await index.hungUp();
    assertEquals(trial.left(), []);
  },
});

/** A build that leaves a mark, and makes nothing. */
const MARKING_BACKEND = `
def build_editable(*_):
    open("MARK", "w").close()
`;

Deno.test({
  name: "where the host requires bounds no package runs code while it is installed, and the error says what to do",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    const mark = `${trial.folder}/mark`;
    await trial.write("backend.py", MARKING_BACKEND.replace("MARK", mark));
    await trial.write(
      "pyproject.toml",
      '[project]\nname = "tried"\nversion = "1"\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
    );
    const manifest = await trial.manifest("pyproject.toml");
    const start = (bounds?: "required") => assertRejects(() => RemotePluginProxy.start(manifest, { bounds }), WorkerStartError);
    assertStringIncludes((await start("required")).message, "Choose a version that has a wheel");
    assertEquals(await exists(mark), false);
    await start();
    assertEquals([await exists(mark), trial.left()], [true, []]);
    await using plugin = await RemotePluginProxy.start(await trial.manifest({ dependencies: [PACKAGE] }), { bounds: "required" });
    assertEquals(plugin.permissions, {});
  },
});

Deno.test({
  name: "Ctrl-C ends the program while it makes an environment, and says before that it does",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    await using index = new HeldIndex();
    await using user = await User.create();
    const manifest = await trial.manifest({ dependencies: [PACKAGE], index: index.url });
    const program = user.start(["run", manifest]);
    await index.asked();
    program.kill("SIGINT");
    const { code, stderr } = await program.output();
    assertEquals(code, 130);
    assertStringIncludes(new TextDecoder().decode(stderr), 'Making the environment of "tried"');
    await index.hungUp();
    assertEquals(trial.left(), []);
  },
});

Deno.test({
  name: "an environment whose packages or whose interpreter are gone is made anew",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    const manifest = await trial.manifest({ dependencies: [PACKAGE] });
    const start = async () => {
      trial.steps.length = 0;
      await using plugin = await RemotePluginProxy.start(manifest, { onEnvironment: trial.onEnvironment });
      return await plugin.execute<{ python: string; file: string }>();
    };
    const first = await start();
    for (const gone of [dirname(first.file), first.python]) {
      await Deno.remove(gone, { recursive: true });
      assertEquals(await start(), first);
      assert(trial.steps.length > 0);
      assertEquals(trial.left().length, 1);
    }
  },
});

/** What a flag gives, as `KIND=ENTRY`. */
function entriesOf(flag: string): string[] {
  const [kind, list] = flag.split("=");
  return list!.split(",").map((entry) => `${kind}=${entry}`);
}

Deno.test({
  name: "a host makes and finds an environment with exactly the flags of requiredPermissions(), and with none of them missing",
  ignore,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    await using scratch = await ScratchWatch.create();
    await trial.write("needs.txt", "-r more.txt\n");
    await trial.write("more.txt", PACKAGE);
    const manifest = await trial.manifest("needs.txt", { transport: "tcp" });
    const places = { scratchDir: scratch.path };
    for (const what of ["making", "finding"]) {
      const flags = (await requiredPermissions(manifest, places)).toFlags();
      assert(flags.every((flag) => /^--allow-[a-z]+=/.test(flag)), `every flag is narrow: ${flags}`);
      assertEquals(flags.some((flag) => flag.includes("uv")), what === "making");
      await Promise.all(flags.map(async (flag) => {
        const lacking = await runHost("calls_once", flags.filter((other) => other !== flag), [manifest, places, {}]);
        const { error, flags: told } = JSON.parse(lacking.stdout);
        assertEquals(error, "PermissionDeniedError", `${what} without ${flag}`);
        assertEquals(told.flatMap(entriesOf).filter((entry: string) => !entriesOf(flag).includes(entry)), []);
      }));
      const own = flags.map((flag) => flag.replace(`${join(trial.folder, "more.txt")},`, ""));
      const { stdout: told } = await runHost("calls_once", own, [manifest, places, {}]);
      assertEquals(JSON.parse(told).flags, [`--allow-read=${join(trial.folder, "more.txt")}`]);
      const { stdout, stderr } = await runHost("calls_once", flags, [manifest, places, {}]);
      assertEquals(stderr, "");
      assertStringIncludes(JSON.parse(stdout).result.file, trial.environments);
    }
  },
});
