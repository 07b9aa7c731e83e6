import { assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  CallCancelledError,
  type Launcher,
  type LogRecord,
  PermissionDeniedError,
  type QueuedEvent,
  requiredPermissions,
  WorkerExitError,
  WorkerStartError,
} from "@remote-plugin/proxy";
import { elsewhere } from "../support/elsewhere.ts";
import {
  BOTH,
  ELSEWHERE,
  ELSEWHERE_OF_EITHER,
  fixtureManifest,
  labelOf,
  ScratchWatch,
  startBlocking,
  startEither,
  startFixture,
  workerPid,
} from "../support/fixture_proxy.ts";
import { within } from "../support/guard.ts";

const PYTHON = BOTH[0]!;

for (const face of ELSEWHERE_OF_EITHER) {
  const label = labelOf(face);

  Deno.test(`${label}: a start tells for what it waits, and when it has begun`, async () => {
    const told: unknown[] = [];
    await using _plugin = await startEither(face, "echo", {
      launcher: elsewhere({ queue: ["no node has a GPU", "its environment is made"] }),
      onQueued: ({ reason, sinceMs }: QueuedEvent) => told.push([reason, sinceMs]),
      onBegin: () => told.push("begins"),
    });
    assertEquals(told, [["no node has a GPU", 0], ["its environment is made", 1], "begins"]);
  });

  Deno.test(`${label}: a worker whose end nobody saw is told as lost, with the reason`, async () => {
    const lost = "nothing was heard of its node for 30 s";
    await using plugin = await startEither(face, "stubborn", { launcher: elsewhere({ lost }) });
    Deno.kill(await workerPid(plugin), "SIGKILL");
    const error = await assertRejects(() => plugin.execute(), WorkerExitError);
    assertStringIncludes(error.message, "was lost");
    assertStringIncludes(error.message, `: ${lost}. Start the plugin again`);
    assertEquals([error.exitCode, error.signal], [null, null]);
  });

  Deno.test(`${label}: what cannot be loaded is told as on this machine`, async () => {
    const error = await assertRejects(() => startEither(face, "raises_at_import"), WorkerStartError);
    assertEquals(error.phase, "load");
  });
}

for (const face of ELSEWHERE) {
  const label = labelOf(face);

  Deno.test(`${label}: a plugin tells where it runs, also after a restart and with each line`, async () => {
    const restart = { mode: "on_failure", initial_delay_ms: 1 } as const;
    const plugin = await startFixture(face, "stubborn", { manifest: { restart } });
    const records: LogRecord[] = [];
    const reading = (async () => {
      for await (const record of plugin.logs) records.push(record);
    })();
    const first = plugin.placement!;
    await assertRejects(() => plugin.execute({ then: "exit", value: 7 }), WorkerExitError);
    await plugin.execute();
    const second = plugin.placement!;
    assertEquals([first.node, second.node], ["127.0.0.1", "127.0.0.1"]);
    assertNotEquals(first.job, second.job);
    await plugin.cleanup();
    await within(reading, "the end of the logs");
    const printed = records.filter(({ stream }) => stream !== "host").map(({ placement }) => placement?.job);
    assertEquals(printed.every((job) => job === first.job || job === second.job), true);
    assertStringIncludes(records.map(({ text }) => text).join("\n"), `as job ${second.job} on node 127.0.0.1`);
  });
}

Deno.test("what comes before the beginning of a start does not count for its limits", async () => {
  await using scratch = await ScratchWatch.create();
  const giveUp = new AbortController();
  const queued = Promise.withResolvers<void>();
  const start = startFixture(PYTHON, "echo", {
    launcher: elsewhere({ queue: ["no node has room"], admitted: new Promise(() => {}) }),
    manifest: { start_timeout_ms: 20, idle_timeout_ms: 20 },
    scratchDir: scratch.path,
    signal: giveUp.signal,
    onQueued: () => queued.resolve(),
  });
  const outcome = assertRejects(() => start, Error, "the user left");
  await queued.promise;
  await new Promise((resolve) => setTimeout(resolve, 100)); // Longer than the limits, which would have been told first.
  giveUp.abort(new Error("the user left"));
  await outcome;
});

Deno.test("cleanup() does not wait for a restart that is queued", async () => {
  let starts = 0;
  const [free, full] = [elsewhere(), elsewhere({ queue: ["no node has room"], admitted: new Promise(() => {}) })];
  const launcher: Launcher = { ...free, launch: (...args) => (starts++ === 0 ? free : full).launch(...args) };
  const queued = Promise.withResolvers<void>();
  const restart = { mode: "on_failure", initial_delay_ms: 1 } as const;
  const plugin = await startFixture(PYTHON, "stubborn", { launcher, manifest: { restart }, onQueued: () => queued.resolve() });
  await assertRejects(() => plugin.execute({ then: "exit", value: 7 }), WorkerExitError);
  const waiting = assertRejects(() => plugin.execute(), CallCancelledError);
  await within(queued.promise, "the queue");
  await within(plugin.cleanup(), "the cleanup");
  await waiting;
});

Deno.test("the limits of a start count from its beginning on, also behind a queue", async () => {
  const launcher = elsewhere({ queue: ["no node has room"], admitted: Promise.resolve() });
  const error = await assertRejects(
    () => startFixture(PYTHON, "never_loads", { launcher, manifest: { start_timeout_ms: 1_000 } }),
    WorkerStartError,
  );
  assertStringIncludes(error.message, 'within 1000 ms. Raise "start_timeout_ms"');
});

Deno.test("a launcher says which permissions its host needs, for both proxies", async () => {
  const net = { name: "net", host: "head:8265" } as const;
  const launcher: Launcher = { ...elsewhere(), neededPermissions: () => Promise.resolve([net]) };
  const manifest = await fixtureManifest(PYTHON, "echo");
  assertEquals((await requiredPermissions(manifest, { launcher })).toFlags(), ["--allow-net=head:8265"]);
  const blocking = await requiredPermissions(manifest, { launcher, blocking: true });
  assertEquals(blocking.toFlags().includes("--allow-net=head:8265"), true);
});

Deno.test("a launcher that works in one thread only is refused by the blocking proxy before anything is started", async () => {
  const { asData: _, ...launcher } = elsewhere();
  await assertRejects(() => startBlocking(PYTHON, "echo", { launcher }), TypeError, "works only in the thread that made it");
  const asData = () => {
    throw new TypeError("The token is a function. Give a file");
  };
  await assertRejects(() => startBlocking(PYTHON, "echo", { launcher: { ...launcher, asData } }), TypeError, "Give a file");
  const without = { ...launcher, asData: () => ({ module: import.meta.resolve("../support/guard.ts"), options: {} }) };
  const error = await assertRejects(() => startBlocking(PYTHON, "echo", { launcher: without }), TypeError);
  assertStringIncludes(error.message, 'exports no "launcherFrom"');
  const nowhere = { ...launcher, asData: () => ({ module: import.meta.resolve("../support/nowhere.ts"), options: {} }) };
  await assertRejects(() => startBlocking(PYTHON, "echo", { launcher: nowhere }), TypeError, "cannot be loaded in the thread");
});

Deno.test("what is no launcher is refused before anything is started", async () => {
  for (const wrong of [{}, null, "ray", { dashboard: "http://head:8265" }]) {
    const options = { launcher: wrong as unknown as Launcher };
    await assertRejects(() => startFixture(PYTHON, "echo", options), TypeError, '"launcher" starts no workers');
    await assertRejects(() => startBlocking(PYTHON, "echo", options), TypeError, '"launcher" starts no workers');
  }
});

Deno.test("what a launcher throws is what the start throws", async () => {
  const error = new PermissionDeniedError("no", { plugin: "echo", missing: [], flags: [] });
  const launcher: Launcher = { ...elsewhere(), launch: () => Promise.reject(error) };
  assertEquals(await assertRejects(() => startFixture(PYTHON, "echo", { launcher })), error);
});
