import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import {
  CallError,
  CallTimeoutError,
  type Manifest,
  ProtocolError,
  RemoteError,
  RemotePluginProxy,
  WorkerExitError,
  WorkerStartError,
} from "@remote-plugin/proxy";
import { killHostInCall } from "../support/killed_host.ts";
import { eventually } from "../support/guard.ts";
import { FOREIGN_FOLDER, foreignManifest, isRunning, ScratchWatch } from "../support/fixture_proxy.ts";
import { testPython } from "../support/python.ts";

/** What an error about an old worker has to say. */
const INSTALL = `${testPython()} -m pip install --upgrade "cjm-plugin-system>=0.0.46"`;

const EITHER_CALL: readonly ((plugin: RemotePluginProxy) => Promise<unknown>)[] = [
  (plugin) => plugin.execute(),
  (plugin) => Array.fromAsync(plugin.executeStream()),
];

Deno.test("a worker that takes a port's number alone is started and called", async () => {
  await using scratch = await ScratchWatch.create();
  const plugin = await RemotePluginProxy.start(foreignManifest(), { scratchDir: scratch.path });
  assertEquals([plugin.name, plugin.version, await plugin.isAlive()], ["foreign", "0.9", true]);
  await plugin.initialize({ model: "x" });
  assertEquals(await plugin.getCurrentConfig(), { model: "x" });
  assertEquals(await plugin.execute({ a: "ü" }, { args: [1, null] }), { args: [1, null], kwargs: { a: "ü" } });
  assertEquals(await Array.fromAsync(plugin.executeStream({ count: 2 })), [{ n: 0 }, { n: 1 }]);
  assertEquals((await plugin.getStats()).calls, { running: 0, queued: 0, finished: 3 });
  const { pid } = plugin;
  await plugin.cleanup();
  assertEquals([await isRunning(pid!), scratch.names()], [false, []]);
});

Deno.test("what a first release reports by its message alone is a RemoteError with that message", async () => {
  await using plugin = await RemotePluginProxy.start(foreignManifest());
  const refused = await assertRejects(() => plugin.initialize({ bad: 1 }), RemoteError);
  assertEquals(refused.remoteMessage, "no such model");
  const failed = await assertRejects(() => plugin.execute({ fail: "k" }), RemoteError);
  assertEquals([failed.remoteMessage, failed.category, failed.traceback], ["'k'", undefined, ""]);
});

// W18: a stream of a first release that fails looks like one that ends well.
Deno.test("a stream of a first release that breaks off is an error, after the chunks before it", async () => {
  await using plugin = await RemotePluginProxy.start(foreignManifest());
  const seen: unknown[] = [];
  const error = await assertRejects(async () => {
    for await (const chunk of plugin.executeStream({ count: 2, fail: true })) seen.push(chunk);
  }, RemoteError);
  assertEquals([seen, error.remoteMessage], [[{ n: 0 }, { n: 1 }], "broke off"]);
});

Deno.test("an endpoint that an older worker lacks is not supported, and the error says what to install where", async () => {
  await using plugin = await RemotePluginProxy.start(foreignManifest());
  for (const lacking of [() => plugin.getProgress(), () => plugin.cancel(), () => plugin.prefetch(), () => plugin.extension("task", {})]) {
    const error = await assertRejects(lacking, CallError);
    assertEquals(error.code, "not_supported");
    assertStringIncludes(error.message, INSTALL);
  }
});

Deno.test("a listener for progress does no harm where the worker tells none", async () => {
  await using plugin = await RemotePluginProxy.start(foreignManifest());
  assertEquals(await plugin.execute({}, { onProgress: () => {} }), { args: [], kwargs: {} });
});

// W21: another program may take the port between its choice and the worker's bind; its answers must not be taken for the plugin's.
Deno.test("a worker that loses its port, to nobody known or to a stranger that answers, is started again on another one", async () => {
  await using scratch = await ScratchWatch.create();
  const record = `${scratch.path}/runs`;
  await using plugin = await RemotePluginProxy.start(foreignManifest({ env_vars: { OLD_WORKER_LOSES_PORT: record } }));
  assertEquals(await plugin.execute({ n: 1 }), { args: [], kwargs: { n: 1 } });
  assertEquals(await Deno.readTextFile(record), "xxx");
  await Deno.remove(record);
});

// W7: an import that fails is told at once, and with its reason.
Deno.test("a plugin that its worker cannot import is a WorkerStartError with what the worker printed", async () => {
  const began = performance.now();
  const error = await assertRejects(() => RemotePluginProxy.start(foreignManifest({ module: "fails_at_import" })), WorkerStartError);
  assertEquals([error.phase, error.exitCode], ["load", 1]);
  assert(error.message.endsWith("FATAL: Failed to load fails_at_import:Plugin - no CUDA here"), error.message);
  assertLess(performance.now() - began, 20_000, "it waited for the limit of a start, which is a minute");
});

Deno.test("a plugin whose package is missing is a WorkerStartError that says what to install where", async () => {
  const error = await assertRejects(() => RemotePluginProxy.start(foreignManifest({ module: "needs_a_package" })), WorkerStartError);
  assertStringIncludes(error.message, `. Install what has it there: ${testPython()} -m pip install a_package_that_is_not_there`);
  const none = await assertRejects(() => RemotePluginProxy.start(foreignManifest({ module: "no.such.module" })), WorkerStartError);
  assertStringIncludes(none.message, 'Put the folder of "no" into "plugin_path"');
});

Deno.test("a worker that dies of its own import is a WorkerStartError that says what to install where", async () => {
  await using package_ = await FakePackage.create("import a_web_framework_that_is_not_there  # takes --fd and --port\n");
  const error = await assertRejects(() => RemotePluginProxy.start(foreignManifest(package_.manifest)), WorkerStartError);
  assertEquals([error.phase, error.exitCode], ["load", 1]);
  assertStringIncludes(error.message, "No module named 'a_web_framework_that_is_not_there'");
  assertStringIncludes(error.message, `install it anew there: ${testPython()} -m pip install --upgrade "cjm-substrate>=0.0.58"`);
});

Deno.test("a worker of a release that this host does not know is a WorkerStartError with its version", async () => {
  await using package_ = await FakePackage.create("# takes nothing\n", { version: "9.0.0" });
  const error = await assertRejects(() => RemotePluginProxy.start(foreignManifest(package_.manifest)), WorkerStartError);
  assertStringIncludes(
    error.message,
    "takes neither --fd nor --port, so it is none that this host knows (cjm_substrate has version 9.0.0)",
  );
  assertStringIncludes(error.message, `${testPython()} -m pip install --upgrade "cjm-substrate>=0.0.58"`);
});

Deno.test("a worker that is not in the environment is a WorkerStartError that says what to install where", async () => {
  const error = await assertRejects(
    () => RemotePluginProxy.start(foreignManifest({ worker: "cjm_substrate.core.nothing" })),
    WorkerStartError,
  );
  assertStringIncludes(error.message, 'The worker "cjm_substrate.core.nothing" is not in the plugin\'s environment. Known is');
  assertStringIncludes(
    error.message,
    `"cjm_substrate.core.worker"; install it there: ${testPython()} -m pip install --upgrade "cjm-substrate`,
  );
});

Deno.test("a module that is no worker is a WorkerStartError that says which ones are known", async () => {
  const error = await assertRejects(() => RemotePluginProxy.start(foreignManifest({ worker: "no_worker" })), WorkerStartError);
  assertStringIncludes(error.message, `Known is "cjm_plugin_system.core.worker"; install it there: ${INSTALL}`);
});

// W18: what stands in the place of a stream is no chunk of it.
for (const status of ["502", "200"]) {
  Deno.test(`a page of HTML with status ${status} is a ProtocolError that shows it and says what to install where`, async () => {
    for (const call of EITHER_CALL) {
      await using plugin = await RemotePluginProxy.start(foreignManifest({ env_vars: { OLD_WORKER_PAGE: status } }));
      const error = await assertRejects(() => call(plugin), ProtocolError);
      assertStringIncludes(error.message, "<html>");
      assertStringIncludes(error.message, INSTALL);
    }
  });
}

// W18: a stream's status counts.
Deno.test("a worker that is not available is an error with its detail, also of a stream", async () => {
  for (const call of EITHER_CALL) {
    await using plugin = await RemotePluginProxy.start(foreignManifest({ env_vars: { OLD_WORKER_UNAVAILABLE: "1" } }));
    const error = await assertRejects(() => call(plugin), ProtocolError);
    assertStringIncludes(error.message, 'it answered 503 with "{"detail": "Try again later"}"');
  }
});

// W15, W16: a worker that is killed is told of by its signal, every time.
Deno.test("a foreign worker that is killed in a call is a WorkerExitError with its signal", async () => {
  await using scratch = await ScratchWatch.create();
  const hold = `${scratch.path}/held`;
  await using plugin = await RemotePluginProxy.start(foreignManifest());
  const outcome = assertRejects(() => plugin.execute({ hold }), WorkerExitError);
  await eventually(() => exists(hold), "the call to begin");
  Deno.kill(plugin.pid!, "SIGKILL");
  const error = await outcome;
  assertEquals([error.signal, error.calls], ["SIGKILL", ["execute"]]);
  await Deno.remove(hold);
});

// W12, W16: a call that goes on after it was given up fills no place for ever, and nothing runs beside it.
Deno.test("a call that a foreign worker does not give up ends with it, and the next one runs on another worker", async () => {
  await using scratch = await ScratchWatch.create();
  const hold = `${scratch.path}/held`;
  await using plugin = await RemotePluginProxy.start(foreignManifest(), { cancelBudgetMs: 100 });
  await assertRejects(() => plugin.execute({ hold }, { timeoutMs: 300 }), CallTimeoutError);
  assertEquals(await plugin.execute({ n: 1 }), { args: [], kwargs: { n: 1 } });
  await Deno.remove(hold);
});

// W23: the host's secrets are its own.
Deno.test("a foreign worker sees no variable of the host's but the default ones and those that its manifest names", async () => {
  Deno.env.set("REMOTE_PLUGIN_TEST_SECRET", "hidden");
  try {
    await using plugin = await RemotePluginProxy.start(foreignManifest({ env_vars: { OWN: "1" } }));
    const environment = await plugin.execute<Record<string, string>>({ environment: true });
    assertEquals([environment.REMOTE_PLUGIN_TEST_SECRET, environment.OWN], [undefined, "1"]);
  } finally {
    Deno.env.delete("REMOTE_PLUGIN_TEST_SECRET");
  }
});

Deno.test("attach() recognizes a worker of the original, which wants no token", async () => {
  await using plugin = await RemotePluginProxy.start(foreignManifest());
  await using attached = await RemotePluginProxy.attach({ url: plugin.endpoint!.url });
  assertEquals([attached.name, await attached.execute({ n: 2 })], ["foreign", { args: [], kwargs: { n: 2 } }]);
});

Deno.test("NaN is refused before it is sent to a worker that takes none", async () => {
  await using plugin = await RemotePluginProxy.start(foreignManifest());
  const error = await assertRejects(() => plugin.execute({ x: NaN }), CallError);
  assertEquals(error.code, "invalid_arguments");
});

// W3, W4: the original's workers outlive their host, by the length of a call or for ever.
Deno.test("a host that is killed in a call takes its foreign worker with it", async () => {
  await using scratch = await ScratchWatch.create();
  const hold = `${scratch.path}/held`;
  const pid = await killHostInCall(foreignManifest(), { hold }, () => exists(hold));
  await eventually(async () => !await isRunning(pid), "the worker to end");
  await Deno.remove(hold);
});

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** A package called as the successor of the original, in the place of the real one. */
class FakePackage implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(worker: string, { version = "0.0.1" } = {}): Promise<FakePackage> {
    const folder = await Deno.makeTempDir({ prefix: "package-" });
    const info = `${folder}/cjm_substrate-${version}.dist-info`;
    await Deno.mkdir(`${folder}/cjm_substrate/core`, { recursive: true });
    await Deno.mkdir(info);
    await Deno.writeTextFile(`${info}/METADATA`, `Metadata-Version: 2.1\nName: cjm-substrate\nVersion: ${version}\n`);
    for (const name of ["__init__.py", "core/__init__.py"]) await Deno.writeTextFile(`${folder}/cjm_substrate/${name}`, "");
    await Deno.writeTextFile(`${folder}/cjm_substrate/core/worker.py`, worker);
    return new FakePackage(folder);
  }

  /** What a manifest has to say for its worker to be run. */
  get manifest(): Partial<Manifest> {
    return { worker: "cjm_substrate.core.worker", plugin_path: [this.#folder, FOREIGN_FOLDER] };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.#folder, { recursive: true });
  }
}
