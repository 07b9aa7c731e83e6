import { assertEquals, assertInstanceOf, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  type LogRecord,
  type Manifest,
  type RemotePluginProxy,
  type RestartEvent,
  WorkerExitError,
  WorkerStartError,
} from "@remote-plugin/proxy";
import { within } from "../support/guard.ts";
import {
  BOTH,
  ELSEWHERE,
  type Face,
  type FixtureOptions,
  isRunning,
  labelOf,
  ScratchWatch,
  startFixture,
  workerPid,
} from "../support/fixture_proxy.ts";

/** Restarts that a test need not wait for. */
const restart = { mode: "on_failure", initial_delay_ms: 1 } as const satisfies Manifest["restart"];

/** Starts a plugin and notes each of its restarts. */
async function startRestarted(face: Face, options: FixtureOptions = {}): Promise<{ plugin: RemotePluginProxy; restarts: RestartEvent[] }> {
  const restarts: RestartEvent[] = [];
  const manifest = { restart, ...options.manifest };
  const plugin = await startFixture(face, "stubborn", { ...options, manifest, onRestart: (event) => restarts.push(event) });
  return { plugin, restarts };
}

for (const face of [...BOTH, ...ELSEWHERE]) {
  const label = labelOf(face);

  // W16: a plugin need not be lost with its worker.
  Deno.test(`${label}: a worker that dies is started again with its configuration, and what was not sent yet is sent then`, async () => {
    const { plugin, restarts } = await startRestarted(face);
    await using _ = plugin;
    await plugin.initialize({ model: "large" });
    const pid = await workerPid(plugin);
    const dying = assertRejects(() => plugin.execute({ then: "exit", value: 7 }), WorkerExitError);
    const waiting = plugin.execute({ value: "waited" });
    assertEquals((await dying).calls, ["execute"]);
    assertEquals(await waiting, "waited");
    assertEquals(await plugin.getCurrentConfig(), { model: "large" });
    assertNotEquals(await workerPid(plugin), pid);
    assertEquals(await isRunning(pid), false);
    assertEquals(restarts.map(({ cause }) => cause.name), ["WorkerExitError"]);
  });

  Deno.test(`${label}: a call that is marked as idempotent is sent again, and no other one`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin } = await startRestarted(face);
    await using _ = plugin;
    const mark = (name: string) => ({ then: "die_once", value: `${scratch.path}/${name}` });
    assertEquals(await plugin.execute(mark("a"), { idempotent: true }), `${scratch.path}/a`);
    await assertRejects(() => plugin.execute(mark("b")), WorkerExitError, "SIGKILL");
    for (const name of ["a", "b"]) await Deno.remove(`${scratch.path}/${name}`);
  });

  Deno.test(`${label}: a stream that has begun is an error, and never begun again`, async () => {
    const { plugin } = await startRestarted(face);
    await using _ = plugin;
    const stream = plugin.executeStream({ then: "holds" }, { idempotent: true });
    assertEquals((await stream.next()).value, "first");
    Deno.kill(await workerPid(plugin), "SIGKILL");
    await assertRejects(() => stream.next(), WorkerExitError, "SIGKILL");
  });

  Deno.test(`${label}: the third crash within five minutes is the last, and its error tells of it`, async () => {
    const { plugin, restarts } = await startRestarted(face);
    await using _ = plugin;
    for (let count = 0; count < 3; count++) await assertRejects(() => plugin.execute({ then: "exit", value: 7 }), WorkerExitError);
    const error = await assertRejects(() => plugin.execute(), WorkerExitError, "its worker failed 3 times within 300000 ms");
    assertInstanceOf(error.cause, WorkerExitError);
    assertEquals([(await plugin.exited).code, restarts.length], [face.worker === "python" ? 7 : 0, 2]);
  });

  Deno.test(`${label}: a worker that cannot be brought back is given up, with the reason`, async () => {
    await using scratch = await ScratchWatch.create();
    const mark = `${scratch.path}/mark`;
    const { plugin } = await startRestarted(face);
    await using _ = plugin;
    await plugin.initialize({ dies_when: mark });
    await Deno.writeTextFile(mark, "");
    await assertRejects(() => plugin.execute({ then: "exit", value: 7 }), WorkerExitError);
    const error = await assertRejects(() => plugin.execute(), WorkerExitError, "failed 3 times");
    assertStringIncludes((error.cause as Error).message, face.worker === "python" ? `while it ran "initialize"` : "initialize");
    await Deno.remove(mark);
  });

  Deno.test(`${label}: the logs go on from one worker to the next, and tell of each restart`, async () => {
    const { plugin } = await startRestarted(face);
    const records: LogRecord[] = [];
    const reading = (async () => {
      for await (const record of plugin.logs) records.push(record);
    })();
    await assertRejects(() => plugin.execute({ then: "exit", value: 7 }), WorkerExitError);
    await plugin.execute();
    await plugin.cleanup();
    await within(reading, "the end of the logs");
    const said = records.filter(({ stream }) => stream === "host").map(({ text }) => text);
    assertStringIncludes(said[0]!, "The worker is started again in");
    assertStringIncludes(said[1]!, `The worker has been started again, as ${face.isElsewhere ? "job" : "process"}`);
  });

  Deno.test(`${label}: cleanup() does not wait for a restart`, async () => {
    await using scratch = await ScratchWatch.create();
    const manifest = { restart: { mode: "always", initial_delay_ms: 600_000, max_delay_ms: 600_000 } } as const;
    const { plugin } = await startRestarted(face, { manifest, scratchDir: scratch.path });
    await assertRejects(() => plugin.execute({ then: "exit", value: 7 }), WorkerExitError);
    await within(plugin.cleanup(), "the cleanup");
    await within(plugin.exited, "the end");
  });
}

Deno.test('python: a worker that ends with exit code 0 is started again under "always" alone', async () => {
  const face = { worker: "python", transport: "unix" } as const;
  const { plugin: down } = await startRestarted(face);
  await assertRejects(() => down.execute({ then: "exit", value: 0 }), WorkerExitError, "exit code 0");
  assertEquals((await down.exited).code, 0);
  const { plugin: up } = await startRestarted(face, { manifest: { restart: { ...restart, mode: "always" } } });
  await using _ = up;
  await assertRejects(() => up.execute({ then: "exit", value: 0 }), WorkerExitError, "exit code 0");
  assertEquals(await up.execute({ value: "up" }), "up");
});

Deno.test("an onRestart that throws is an error of its program's own, and the worker is started again all the same", async () => {
  const uncaught = Promise.withResolvers<PromiseRejectionEvent>();
  const onUncaught = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    uncaught.resolve(event);
  };
  globalThis.addEventListener("unhandledrejection", onUncaught, { once: true });
  const mistake = new Error("a mistake");
  const onRestart = () => {
    throw mistake;
  };
  await using plugin = await startFixture(BOTH[1]!, "stubborn", { manifest: { restart }, onRestart });
  await assertRejects(() => plugin.execute({ then: "exit" }), WorkerExitError);
  assertEquals(await plugin.execute({ value: "next" }), "next");
  assertEquals((await within(uncaught.promise, "the mistake")).reason, mistake);
});

Deno.test("A start that fails is not tried again", async () => {
  const face = { worker: "python", transport: "unix" } as const;
  await assertRejects(() => startFixture(face, "exits_at_import", { manifest: { restart } }), WorkerStartError);
});
