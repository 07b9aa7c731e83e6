import { assertEquals, assertInstanceOf, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { ManifestError, RemoteError, RemotePluginProxy, WorkerExitError, WorkerStartError } from "@remote-plugin/proxy";
import {
  BOTH,
  BOTH_OF_EITHER,
  type Face,
  type FixtureOptions,
  isRunning,
  labelOf,
  ScratchWatch,
  startEither,
  startFixture,
} from "../support/fixture_proxy.ts";
import { fixtureFolder } from "../support/fixtures.ts";
import { testPython } from "../support/python.ts";

/** The error of a start that fails; what it leaves in its scratch folder fails the test. */
async function startFailure(face: Face, fixture: string, options: FixtureOptions = {}): Promise<WorkerStartError> {
  await using scratch = await ScratchWatch.create();
  return await assertRejects(() => startEither(face, fixture, { scratchDir: scratch.path, ...options }), WorkerStartError);
}

for (const face of BOTH_OF_EITHER) {
  const label = labelOf(face);

  for (const fixture of ["raises_at_import", "raises_in_constructor", ...(face.worker === "python" ? ["wrong_syntax"] : [])]) {
    // W7: a failed import is told at once, with its reason.
    Deno.test(`${label}: a plugin that ${fixture.replaceAll("_", " ")} is a WorkerStartError whose cause has the traceback`, async () => {
      const began = performance.now();
      const error = await startFailure(face, fixture);
      assertLess(performance.now() - began, 20_000, "it waited for the limit of a start, which is a minute");
      assertEquals(error.phase, "load");
      assertInstanceOf(error.cause, RemoteError);
      assertStringIncludes(error.message, `Cannot load "`);
      assertStringIncludes(error.message, error.cause.remoteMessage);
    });
  }

  Deno.test(`${label}: a module that is not there is a WorkerStartError`, async () => {
    const error = await startFailure(face, "echo", {
      manifest: { module: face.worker === "python" ? "no_such_module" : "/no/such/module.ts" },
    });
    assertEquals(error.phase, "load");
    assertStringIncludes(error.message, face.worker === "python" ? "no_such_module" : "module.ts");
  });

  Deno.test(`${label}: a class that is not there is a WorkerStartError that names it`, async () => {
    const error = await startFailure(face, "echo", { manifest: { class: "NoSuchClass" } });
    assertEquals(error.phase, "load");
    assertStringIncludes(error.message, "NoSuchClass");
  });

  // W1: the limit of a start is the manifest's, and nothing is left behind.
  Deno.test(`${label}: a plugin that never loads is given up after start_timeout_ms, and nothing of it remains`, async () => {
    // The interpreter's own start is to fit into the limit, on a busy machine as well.
    const began = performance.now();
    await (await startEither(face, "echo")).cleanup();
    const limit = 500 + Math.ceil(5 * (performance.now() - began));
    const error = await startFailure(face, "never_loads", { manifest: { start_timeout_ms: limit } });
    assertEquals(error.phase, "load");
    assertStringIncludes(error.message, `within ${limit} ms. Raise "start_timeout_ms"`);
  });

  Deno.test(`${label}: a plugin that ends its process at import is a WorkerStartError`, async () => {
    const error = await startFailure(face, "exits_at_import");
    assertEquals(error.phase, "load");
  });

  // W15, W16: a death is told of by its signal, every time, and another start gives another worker.
  Deno.test(`${label}: a worker that is killed mid-call rejects the call with WorkerExitError, and nothing remains`, async () => {
    await using scratch = await ScratchWatch.create();
    const plugin = await startEither(face, "holds", { scratchDir: scratch.path });
    const kill = () => Deno.kill(plugin.pid!, "SIGKILL");
    const error = await assertRejects(() => plugin.execute({ hold: "a" }, { onProgress: kill }), WorkerExitError);
    assertEquals([error.signal, error.exitCode, error.calls], ["SIGKILL", null, ["execute"]]);
    assertEquals((await plugin.exited).signal, "SIGKILL");
    assertEquals(scratch.names(), []);
    await assertRejects(() => plugin.execute(), WorkerExitError, "SIGKILL");
    assertEquals(await plugin.isAlive(), false);
    await plugin.cleanup();
  });

  // W17: nothing that a plugin has started outlives it.
  Deno.test(`${label}: programs that a plugin has started end with it`, async () => {
    const plugin = await startEither(face, "starts_children");
    const { pid } = await plugin.execute<{ pid: number }>();
    assertEquals(await isRunning(pid), true);
    await plugin.cleanup();
    assertEquals(await isRunning(pid), false);
  });

  Deno.test(`${label}: a folder that is too deep for a socket says what to do`, async () => {
    await using scratch = await ScratchWatch.create();
    const deep = `${scratch.path}/${"x".repeat(120)}`;
    await Deno.mkdir(deep);
    try {
      const error = await assertRejects(() => startEither(face, "echo", { scratchDir: deep }), WorkerStartError);
      assertStringIncludes(error.message, 'Give a shorter "scratchDir"');
      await using plugin = await startEither(face, "echo", { scratchDir: deep, manifest: { transport: "tcp" } });
      assertEquals(await plugin.isAlive(), true);
    } finally {
      await Deno.remove(deep, { recursive: true });
    }
  });

  Deno.test(`${label}: two workers of one plugin run side by side`, async () => {
    await using one = await startEither(face, "echo");
    await using two = await startEither(face, "echo");
    assertEquals(one.pid === two.pid, false);
    assertEquals(await one.execute({ n: 1 }), { args: [], kwargs: { n: 1 } });
    assertEquals(await two.execute({ n: 2 }), { args: [], kwargs: { n: 2 } });
  });
}

for (const face of BOTH) {
  const label = labelOf(face);

  Deno.test(`${label}: a start that is aborted rejects with the signal's reason, and nothing of it remains`, async () => {
    await using scratch = await ScratchWatch.create();
    const abort = new AbortController();
    const reason = new Error("changed my mind");
    const started = startFixture(face, "never_loads", { scratchDir: scratch.path, signal: abort.signal });
    const rejected = assertRejects(() => started);
    abort.abort(reason);
    assertEquals(await rejected, reason);
  });

  Deno.test(`${label}: a plugin in a folder with a non-ASCII name works`, async () => {
    await using scratch = await ScratchWatch.create();
    const folder = `${scratch.path}/ordner für 文`;
    await Deno.mkdir(folder);
    const [file, source, manifest] = face.worker === "python"
      ? ["hallo.py", "class Hallo:\n    def execute(self, name):\n        return 'hallo ' + name\n", {
        module: "hallo",
        class: "Hallo",
        python_path: testPython(),
      }]
      : ["hallo.ts", "export default { execute: ({ name }: { name: string }) => `hallo ${name}` };\n", {
        runtime: "deno",
        module: "./hallo.ts",
      }];
    await Deno.writeTextFile(`${folder}/${file}`, source);
    await Deno.writeTextFile(`${folder}/hallo.json`, JSON.stringify(manifest));
    try {
      await using plugin = await RemotePluginProxy.start(`${folder}/hallo.json`, { scratchDir: folder });
      assertEquals(await plugin.execute({ name: "Zoë" }), "hallo Zoë");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("an interpreter that is not there is a WorkerStartError that says which key to correct", async () => {
  const manifest = { name: "ghost", python_path: "/no/such/python", module: "x", class: "X" };
  const error = await assertRejects(() => RemotePluginProxy.start(manifest), WorkerStartError);
  assertEquals(error.phase, "spawn");
  assertEquals(error.message, 'Cannot start "ghost": there is no program "/no/such/python". Correct "python_path" in its manifest');
  const folder = fixtureFolder("naps");
  const refused = await assertRejects(() => RemotePluginProxy.start({ ...manifest, python_path: folder }), WorkerStartError);
  assertEquals(
    refused.message,
    `Cannot start "ghost": the program "${folder}" cannot be run: it is a folder. Correct "python_path" in its manifest`,
  );
});

Deno.test("a program that is no Python at all is a WorkerStartError with its exit code", async () => {
  await using scratch = await ScratchWatch.create();
  const manifest = { name: "odd", python_path: "/bin/false", module: "x", class: "X" };
  const error = await assertRejects(() => RemotePluginProxy.start(manifest, { scratchDir: scratch.path }), WorkerStartError);
  assertEquals([error.phase, error.exitCode], ["handshake", 1]);
});

Deno.test("a program that dies before it says hello is a WorkerStartError with its signal and what it printed", async () => {
  await using scratch = await ScratchWatch.create();
  const python_path = `${scratch.path}/dies`;
  await Deno.writeTextFile(python_path, "#!/bin/sh\nread -r start\necho 'the last words' >&2\nkill -SEGV $$\n", { mode: 0o700 });
  const manifest = { name: "short", python_path, module: "x", class: "X" };
  const error = await assertRejects(() => RemotePluginProxy.start(manifest, { scratchDir: scratch.path }), WorkerStartError);
  assertEquals([error.phase, error.signal, error.exitCode, error.output], ["handshake", "SIGSEGV", null, "the last words"]);
  await Deno.remove(python_path);
});

Deno.test("a program that says nothing is given up after start_timeout_ms", async () => {
  await using scratch = await ScratchWatch.create();
  const python_path = `${scratch.path}/silent`;
  await Deno.writeTextFile(python_path, "#!/bin/sh\nexec cat >/dev/null\n", { mode: 0o700 });
  const manifest = { name: "silent", python_path, module: "x", class: "X", start_timeout_ms: 200 };
  const error = await assertRejects(() => RemotePluginProxy.start(manifest, { scratchDir: scratch.path }), WorkerStartError);
  assertEquals(error.phase, "handshake");
  assertStringIncludes(error.message, "did not say hello within 200 ms");
  await Deno.remove(python_path);
});

Deno.test("a manifest that cannot be used starts nothing", async () => {
  await assertRejects(() => RemotePluginProxy.start({ module: "x" }), ManifestError, '"$.class" is nothing');
});
