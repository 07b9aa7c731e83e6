import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { type Manifest, RemotePluginProxy, type StartOptions, WorkerStartError } from "@remote-plugin/proxy";
import { CANNOT_MAKE, EnvironmentTrial, PACKAGE, scriptWith } from "../support/environments.ts";
import { CAN_MOUNT, SmallDisk } from "../support/small_disk.ts";

/** What cannot be made, and how that is told. */
interface Failing {
  readonly file?: readonly [name: string, text: string];
  readonly environment: Manifest["environment"];
  readonly variables?: Readonly<Record<string, string>>;
  readonly options?: StartOptions;
  readonly told: readonly string[];
}

const UNREACHED = { ALL_PROXY: "http://127.0.0.1:1", UV_HTTP_RETRIES: "0" };

const FAILING: Readonly<Record<string, Failing>> = {
  "an unknown package": {
    environment: { dependencies: ["remote-plugin-has-no-such-package"] },
    told: ["from its manifest: uv says: No solution found", "remote-plugin-has-no-such-package", "Correct the dependencies"],
  },
  "dependencies of which one is none": {
    environment: { dependencies: ["numpy=="] },
    told: ["uv says: Failed to parse: `numpy==`", "Correct what cannot be read"],
  },
  "no network": {
    environment: { dependencies: [PACKAGE] },
    variables: UNREACHED,
    told: ["uv says: Failed to fetch", "Look at the network, and at the address of the index"],
  },
  "no network, while nothing may be fetched": {
    environment: { dependencies: [PACKAGE] },
    options: { offline: true },
    told: ["network was disabled", "Go online once"],
  },
  "a file that is not there": {
    environment: "nowhere.txt",
    told: ['there is no "', 'nowhere.txt". Correct "environment" in its manifest'],
  },
  "a file that is no requirements file": {
    file: ["needs.json", '{"numpy": 1}'],
    environment: "needs.json",
    told: ["needs.json\": uv says: Unexpected '{'", "Correct what cannot be read"],
  },
  "metadata that is no TOML": {
    file: ["script.py", scriptWith(`dependencies = [${PACKAGE}]`)],
    environment: "script.py",
    told: ['script.py": uv says: TOML parse error at line 1', "Correct what cannot be read"],
  },
  "a project that is no TOML": {
    file: ["pyproject.toml", "[project"],
    environment: ".",
    told: ['pyproject.toml": uv says: Failed to parse', "Correct what cannot be read"],
  },
  "a Python that is not there": {
    environment: { python: "3.99" },
    told: ["uv says: No interpreter found for Python 3.99", "Install that Python"],
  },
  "a version of Python that is older than a worker runs on": {
    environment: { python: "3.7" },
    told: ['it requires Python "3.7"', "Nothing was installed"],
  },
  "a package that cannot be built": {
    file: [
      "kettle/pyproject.toml",
      '[project]\nname = "kettle"\nversion = "1"\n[build-system]\nrequires = []\nbuild-backend = "nowhere"',
    ],
    environment: { dependencies: ["./kettle"] },
    told: ["uv says: Failed to build `kettle", "Install what it takes to build it"],
  },
  "a script that requires an older Python than a worker runs on": {
    file: ["script.py", scriptWith('requires-python = ">=3.6,<3.8"')],
    environment: "script.py",
    told: ['it requires Python ">=3.6,<3.8", and a worker runs on Python 3.8 or later. Nothing was installed'],
  },
  "a uv that is not there": {
    environment: { dependencies: [PACKAGE] },
    variables: { UV: "/nowhere/uv" },
    told: ['"/nowhere/uv", which the variable UV names, cannot be run', "Correct UV, or unset it"],
  },
};

for (const [what, { file, told, ...failing }] of Object.entries(FAILING)) {
  Deno.test({
    name: `${what} is a WorkerStartError of the phase "environment" that says what to do, and leaves nothing`,
    ignore: CANNOT_MAKE,
    async fn() {
      await using trial = await EnvironmentTrial.create();
      if (file !== undefined) await trial.write(...file);
      const error = await failure(trial, failing);
      for (const part of [`Cannot make the environment of "tried"`, ...told]) assertStringIncludes(error.message, part);
    },
  });
}

async function failure(trial: EnvironmentTrial, { environment, variables, options }: Omit<Failing, "told">): Promise<WorkerStartError> {
  // What others have fetched would hide that nothing can be fetched.
  if (variables !== undefined || options !== undefined) trial.set({ UV_CACHE_DIR: join(trial.cache, "uv"), ...variables });
  const error = await assertRejects(async () => RemotePluginProxy.start(await trial.manifest(environment), options), WorkerStartError);
  assertEquals(error.phase, "environment");
  assertEquals(trial.left(), []);
  return error;
}

Deno.test({
  name: "an index that answers 500 is told with what uv wrote, and without its password",
  ignore: CANNOT_MAKE,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response("No", { status: 500 }));
    const index = `http://me:secret@127.0.0.1:${server.addr.port}/simple`;
    const error = await failure(trial, { environment: { dependencies: [PACKAGE], index }, variables: { UV_HTTP_RETRIES: "0" } });
    assertStringIncludes(error.message, "500");
    assertStringIncludes(error.output, "500");
    assert(!`${error.message}${error.output}`.includes("secret"));
  },
});

Deno.test({
  name: "an address that uv quotes is told without its password",
  ignore: CANNOT_MAKE,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    const index = "http://me:sec@ret@127.0.0.1:99999/simple";
    const error = await failure(trial, { environment: { dependencies: [PACKAGE], index } });
    for (const text of [error.message, error.output]) assertStringIncludes(text, "http://****@127.0.0.1:99999/simple");
  },
});

/** File systems for the user's cache, and what is told of them. */
const DISKS: Readonly<Record<string, readonly [options: string, told: string]>> = {
  "a full disk": ["size=32k", "Make room there, or set XDG_CACHE_HOME"],
  "a read-only disk": ["ro", "cannot be written to: Read-only file system (os error 30)"],
};

for (const [what, [options, told]] of Object.entries(DISKS)) {
  Deno.test({
    name: `${what} is told with what to do, and nothing is left there`,
    ignore: CANNOT_MAKE || !CAN_MOUNT,
    async fn() {
      await using trial = await EnvironmentTrial.create();
      await using disk = (await SmallDisk.mount(options))!;
      trial.set({ XDG_CACHE_HOME: disk.path });
      const start = async () => RemotePluginProxy.start(await trial.manifest({ dependencies: [PACKAGE] }));
      const error = await assertRejects(start, WorkerStartError, told);
      assertEquals(error.phase, "environment");
      const folder = join(disk.path, "remote-plugin", "environments");
      const left = options === "ro" ? [] : [...Deno.readDirSync(folder)].filter(({ name }) => !name.endsWith(".lock"));
      assertEquals(left, []);
    },
  });
}

Deno.test({
  name: "an exception of onEnvironment is what the start rejects with, and nothing is left",
  ignore: CANNOT_MAKE,
  async fn() {
    await using trial = await EnvironmentTrial.create();
    const manifest = await trial.manifest({ dependencies: [PACKAGE] });
    const onEnvironment = () => {
      throw new RangeError("No room on the screen");
    };
    await assertRejects(() => RemotePluginProxy.start(manifest, { onEnvironment }), RangeError, "No room on the screen");
    assertEquals(trial.left(), []);
  },
});
