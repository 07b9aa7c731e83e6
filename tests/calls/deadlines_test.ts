import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CallError, CallTimeoutError, RemotePluginProxy, WorkerStartError } from "@remote-plugin/proxy";
import { PluginManager } from "@remote-plugin/proxy/manager";
import { inMemoryWorker } from "@remote-plugin/proxy/testing";
import { BOTH, ELSEWHERE, type Face, labelOf, ScratchWatch, startFixture } from "../support/fixture_proxy.ts";

/** What takes long takes 1,200 ms, and gives a sign of life every 150 ms. */
const idleTimeoutMs = 1_000;

/** What is to be ended takes 40 s: time in which a busy machine kept the host from hearing anything is no silence, and comes on top of the limit. */
const ENDLESS = { STEP_MS: "5000" };

type Telling = "reports" | "prints" | "chunks" | "nothing";

function start(face: Face, slow: string, tells: Telling): Promise<RemotePluginProxy> {
  const env_vars = { SLOW: slow, TELLS: tells, ...tells === "nothing" ? ENDLESS : {} };
  return startFixture(face, "takes_long", { cancelBudgetMs: 300, manifest: { env_vars } });
}

const MEMBERS: Readonly<Record<string, (plugin: RemotePluginProxy) => Promise<unknown>>> = {
  initialize: (plugin) => plugin.initialize({}, { idleTimeoutMs }),
  prefetch: (plugin) => plugin.prefetch({ idleTimeoutMs }),
  execute: (plugin) => plugin.execute({}, { idleTimeoutMs }),
};

for (const face of [...BOTH, ...ELSEWHERE]) {
  const label = labelOf(face);

  for (const [member, call] of Object.entries(MEMBERS)) {
    Deno.test(`${label}: ${member}() may take longer than idleTimeoutMs as long as it reports or prints, and not when it is silent`, async () => {
      const [reporting, printing, silent] = await Promise.all(
        (["reports", "prints", "nothing"] as const).map((tells) => start(face, member, tells)),
      );
      try {
        const [error] = await Promise.all([
          assertRejects(() => call(silent!), CallTimeoutError, `gave no sign of life for ${idleTimeoutMs} ms`),
          call(reporting!),
          call(printing!),
        ]);
        assertEquals([error.idle, error.timeoutMs], [true, idleTimeoutMs]);
      } finally {
        await Promise.all([reporting!.cleanup(), printing!.cleanup(), silent!.cleanup()]);
      }
    });
  }

  Deno.test(`${label}: a stream may take longer than idleTimeoutMs as long as its chunks come, and not when they do not`, async () => {
    const [giving, silent] = await Promise.all((["chunks", "nothing"] as const).map((tells) => start(face, "execute_stream", tells)));
    try {
      const [all] = await Promise.all([
        Array.fromAsync(giving!.executeStream({}, { idleTimeoutMs })),
        assertRejects(() => Array.fromAsync(silent!.executeStream({}, { idleTimeoutMs })), CallTimeoutError, "gave no sign of life"),
      ]);
      assertEquals(all.length, 11);
    } finally {
      await Promise.all([giving!.cleanup(), silent!.cleanup()]);
    }
  });

  Deno.test(`${label}: a start may take longer than idle_timeout_ms as long as the plugin prints, and not when it is silent`, async () => {
    await using scratch = await ScratchWatch.create();
    // The interpreter's own start is silent as well, and takes its time on a busy machine.
    const options = (tells: Telling) => {
      const env_vars = { SLOW: "load", TELLS: tells, STEP_MS: "250", ...tells === "nothing" ? ENDLESS : {} };
      return { scratchDir: scratch.path, manifest: { idle_timeout_ms: 1_500, env_vars } };
    };
    const [error, plugin] = await Promise.all([
      assertRejects(() => startFixture(face, "takes_long", options("nothing")), WorkerStartError),
      startFixture(face, "takes_long", options("prints")),
    ]);
    assertStringIncludes(error.message, "gave no sign of life for 1500 ms");
    await plugin.cleanup();
  });

  Deno.test(`${label}: start_timeout_ms and timeoutMs are hard limits, whatever the plugin reports`, async () => {
    const env_vars = { SLOW: "load", TELLS: "prints", STEP_MS: "500" };
    const manifest = { env_vars, idle_timeout_ms: 10_000, start_timeout_ms: 600 };
    await assertRejects(() => startFixture(face, "takes_long", { manifest }), WorkerStartError, "within 600 ms");
    await using plugin = await start(face, "execute", "reports");
    const error = await assertRejects(() => plugin.execute({}, { timeoutMs: 300, idleTimeoutMs: 10_000 }), CallTimeoutError);
    assertEquals(error.idle, false);
  });

  Deno.test(`${label}: a reader that takes its time is no silence of the plugin`, async () => {
    await using plugin = await start(face, "nothing", "nothing");
    const stream = plugin.executeStream({}, { idleTimeoutMs: 800 });
    assertEquals((await stream.next()).value, 0);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assertEquals(await Array.fromAsync(stream), [1, 2]);
  });
}

/** More than `setTimeout` takes, which would take it for 1 ms. */
const LONG_MS = 2 ** 33;

Deno.test("limits may be longer than a timer takes, and infinite", async () => {
  const manifest = { start_timeout_ms: LONG_MS, idle_timeout_ms: LONG_MS };
  await using plugin = await startFixture({ worker: "deno", transport: "unix" }, "echo", { manifest, cancelBudgetMs: LONG_MS });
  for (const limit of [LONG_MS, Infinity]) {
    assertEquals(await plugin.execute({ value: 1 }, { timeoutMs: limit, idleTimeoutMs: limit }), { args: [], kwargs: { value: 1 } });
  }
});

Deno.test("what is no limit is refused before anything is done, and says what it is", async () => {
  let calls = 0;
  await using plugin = await RemotePluginProxy.attach(inMemoryWorker({ execute: () => calls++ }));
  for (const name of ["timeoutMs", "idleTimeoutMs"]) {
    for (const value of [0, -1, NaN, -Infinity, "5", null]) {
      const error = await assertRejects(
        () => plugin.execute({}, { [name]: value }),
        CallError,
        `Cannot run "execute" of "plugin": "${name}" is`,
      );
      assertEquals(error.code, "invalid_arguments");
      await assertRejects(() => plugin.initialize({}, { [name]: value }), CallError);
      await assertRejects(() => plugin.getStats({ [name]: value }), CallError, `"${name}" is`);
    }
  }
  assertEquals(calls, 0);
  await assertRejects(
    () => startFixture({ worker: "deno", transport: "unix" }, "echo", { cancelBudgetMs: NaN }),
    WorkerStartError,
    '"cancelBudgetMs" is NaN, wanted is a number of milliseconds above 0',
  );
  await assertRejects(() => PluginManager.create({ unloadAfterMs: -1 }), RangeError, '"unloadAfterMs" is -1');
  await assertRejects(
    () => PluginManager.create({ plugins: { echo: { unloadAfterMs: 0 } } }),
    RangeError,
    '"plugins.echo.unloadAfterMs" is 0',
  );
  await assertRejects(() => PluginManager.create({ healthIntervalMs: NaN }), RangeError, '"healthIntervalMs" is NaN');
});
