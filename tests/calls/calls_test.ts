import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import {
  CallCancelledError,
  CallError,
  CallTimeoutError,
  PluginStateError,
  type Progress,
  ProtocolError,
  RemoteError,
  RemotePluginProxy,
} from "@remote-plugin/proxy";
import { within } from "../support/guard.ts";
import {
  attachEither,
  BOTH,
  BOTH_OF_EITHER,
  ELSEWHERE,
  ELSEWHERE_OF_EITHER,
  FACES_OF_EITHER,
  isRunning,
  labelOf,
  ScratchWatch,
  startEither,
  startFixture,
  workerPid,
} from "../support/fixture_proxy.ts";

for (const face of [...FACES_OF_EITHER, ...ELSEWHERE_OF_EITHER]) {
  const label = `${labelOf(face)} over ${face.transport}`;

  Deno.test(`${label}: execute() hands over arguments and gives back the result, and cleanup() leaves nothing`, async () => {
    await using scratch = await ScratchWatch.create();
    const plugin = await startEither(face, "echo", { scratchDir: scratch.path });
    assertEquals(await plugin.execute({ text: "grüße \u2028 \ud83d\ude00" }, { args: [1, null] }), {
      args: [1, null],
      kwargs: { text: "grüße \u2028 \ud83d\ude00" },
    });
    assertEquals([plugin.name, plugin.version, await plugin.isAlive()], ["echo", "1.2.3", true]);
    const pid = await workerPid(plugin);
    assertEquals([plugin.pid, plugin.endpoint !== undefined], face.isElsewhere ? [undefined, false] : [pid, true]);
    await plugin.cleanup();
    await plugin.cleanup();
    assertEquals([await isRunning(pid), scratch.names()], [false, []]);
    assertEquals([await plugin.isAlive(), await plugin.exited], [false, { code: 0, signal: null, outOfMemory: false }]);
    await assertRejects(() => plugin.execute(), PluginStateError, 'Cannot run "execute" of "echo" after cleanup()');
  });

  Deno.test(`${label}: NaN and the infinities arrive in both directions`, async () => {
    await using plugin = await startEither(face, "gives_back");
    const value = { scores: [0.5, NaN, Infinity, -Infinity], "a/b~c": NaN };
    assertEquals(await plugin.execute({ value }), value);
    assertEquals(await plugin.execute({ value: NaN }), NaN);
  });

  Deno.test(`${label}: executeStream() yields each item, with its progress in order`, async () => {
    await using plugin = await startEither(face, "reports");
    const steps = [[0.25, "one"], [0.5, "two"], [1, "three"]];
    const seen: unknown[] = [];
    for await (const chunk of plugin.executeStream({ steps }, { onProgress: ({ progress }) => seen.push(progress) })) seen.push(chunk);
    assertEquals(seen, [0.25, "one", 0.5, "two", 1, "three"]);
  });
}

for (const face of [...BOTH_OF_EITHER, ...ELSEWHERE_OF_EITHER]) {
  const label = labelOf(face);

  Deno.test(`${label}: execute() reports progress while it runs`, async () => {
    await using plugin = await startEither(face, "reports");
    const seen: Progress[] = [];
    assertEquals(await plugin.execute({ steps: [[0.5, "half"], [1, "all"]] }, { onProgress: (progress) => seen.push(progress) }), "done");
    assertEquals(seen, [{ progress: 0.5, message: "half" }, { progress: 1, message: "all" }]);
  });

  // W10: all that is known of an exception arrives.
  Deno.test(`${label}: an exception of the plugin is a RemoteError with its type, message and traceback`, async () => {
    await using plugin = await startEither(face, "raises");
    const error = await assertRejects(() => plugin.execute(), RemoteError);
    assertStringIncludes(error.message, `"execute" of "${plugin.name}" failed with ${error.remoteType}: ${error.remoteMessage}`);
    assertStringIncludes(error.traceback, face.worker === "python" ? "plugin.py" : "plugin.ts");
    assertEquals(await plugin.isAlive(), true);
  });

  Deno.test(`${label}: timeoutMs rejects with CallTimeoutError and the plugin goes on`, async () => {
    await using plugin = await startEither(face, "holds");
    const error = await assertRejects(() => plugin.execute({ hold: "long" }, { timeoutMs: 50 }), CallTimeoutError);
    assertEquals(error.timeoutMs, 50);
    assertEquals(await plugin.execute({ note: "next" }), "next");
  });

  Deno.test(`${label}: leaving the loop of executeStream() cancels the call`, async () => {
    await using plugin = await startEither(face, "holds");
    for await (const chunk of plugin.executeStream({ hold: "s" })) {
      assertEquals(chunk, "s");
      break;
    }
    assertEquals(await plugin.execute({ note: "next" }), "next");
    const { journal } = await plugin.getCurrentConfig() as { journal: string[] };
    // The plugin may be stopped before it goes on after its first item.
    assertEquals(journal, journal.length === 1 ? ["next"] : ["start s", "end s", "next"]);
  });

  Deno.test(`${label}: every member of a plugin that has them all works`, async () => {
    await using plugin = await startEither(face, "configured");
    assertEquals(await plugin.getConfigSchema(), { type: "object", properties: { model: { type: "string" } } });
    await plugin.initialize({ model: "large" });
    assertEquals(await plugin.getCurrentConfig(), { model: "large" });
    await plugin.reconfigure({ model: "tiny" });
    assertEquals(await plugin.getCurrentConfig(), { old: { model: "large" }, new: { model: "tiny" } });
    assertEquals(await plugin.prefetch(), true);
    assertEquals(await plugin.execute(), { prefetched: 1, cleaned: 0 });
    assertEquals(await plugin.cancel(), false);
    assertEquals((await plugin.getStats()).calls.finished > 0, true);
  });

  // W9: the plugin's own error is not lost.
  Deno.test(`${label}: a configuration that the plugin refuses is the plugin's own error`, async () => {
    await using plugin = await startEither(face, "configured");
    const error = await assertRejects(() => plugin.initialize({ model: "none" }), RemoteError);
    assertEquals(error.remoteMessage, 'no such model: "none"');
    assertEquals(await plugin.getCurrentConfig(), { model: "small" });
  });

  Deno.test(`${label}: members that a plugin lacks say so, or do nothing where nothing is fine`, async () => {
    await using plugin = await startEither(face, "echo");
    await plugin.initialize();
    assertEquals([await plugin.prefetch(), await plugin.getConfigSchema(), await plugin.getCurrentConfig()], [false, {}, {}]);
    const error = await assertRejects(() => plugin.initialize({ model: "x" }), CallError);
    assertEquals(error.code, "not_supported");
    assertMatch(error.message, /^Cannot run "initialize" of "echo": it has no (method )?"initialize"$/);
  });

  for (
    const [what, value, place] of [
      ["a BigInt", 1n, "$.kwargs.value"],
      ["a symbol", [Symbol("nothing")], "$.kwargs.value[0]"],
      ["a Map", { inner: new Map() }, "$.kwargs.value.inner"],
    ] as const
  ) {
    Deno.test(`${label}: ${what} as an argument is refused with its place, and nothing is sent`, async () => {
      await using plugin = await startEither(face, "gives_back");
      const error = await assertRejects(() => plugin.execute({ value }), CallError);
      assertEquals(error.code, "invalid_arguments");
      assertStringIncludes(error.message, `the value at "${place}" is`);
      assertEquals(await plugin.execute({ value: 1 }), 1);
    });
  }

  Deno.test(`${label}: NaN in a configuration is refused before it is sent`, async () => {
    await using plugin = await startEither(face, "configured");
    const error = await assertRejects(() => plugin.initialize({ model: NaN }), CallError);
    assertEquals(error.code, "invalid_arguments");
  });

  // W11: it is the plugin's fault, and told with its place.
  Deno.test(`${label}: a result that is no JSON is an error with its place, and the plugin goes on`, async () => {
    await using plugin = await startEither(face, "bad_items");
    const error = await assertRejects(() => Array.fromAsync(plugin.executeStream()), RemoteError);
    assertStringIncludes(error.remoteMessage, "at ");
    assertEquals([error.category, error.retriable], ["fatal", false]);
    assertEquals(await plugin.isAlive(), true);
  });
}

for (const face of BOTH_OF_EITHER) {
  const label = labelOf(face);

  Deno.test(`${label}: attach() talks to a worker that runs already, and leaves it as it is`, async () => {
    await using plugin = await startEither(face, "configured");
    const attached = await attachEither(face, plugin.endpoint!);
    assertEquals([attached.name, attached.version, attached.pid], ["configured", "1.2.3", undefined]);
    await attached.initialize({ model: "shared" });
    await attached.cleanup();
    await assertRejects(() => attached.execute(), PluginStateError);
    assertEquals(await plugin.getCurrentConfig(), { model: "shared" });
    assertEquals(await plugin.execute(), { prefetched: 0, cleaned: 0 });
  });

  Deno.test(`${label}: attach() with a wrong token is refused`, async () => {
    await using plugin = await startEither(face, "echo");
    const wrong = await assertRejects(() => attachEither(face, { url: plugin.endpoint!.url, token: "wrong" }), ProtocolError);
    assertStringIncludes(wrong.message, "refused the token");
    assertEquals(await plugin.isAlive(), true);
  });
}

/** What a thread that is blocked cannot do. */
for (const face of [...BOTH, ...ELSEWHERE]) {
  const label = labelOf(face);

  // W12: a call is cancelled by its own id.
  Deno.test(`${label}: an abort rejects with the signal's reason and frees the plugin`, async () => {
    await using plugin = await startFixture(face, "holds");
    const abort = new AbortController();
    const reason = new Error("the user left");
    const held = plugin.execute({ hold: "a" }, { signal: abort.signal, onProgress: () => abort.abort(reason) });
    assertEquals(await assertRejects(() => held), reason);
    assertEquals(await plugin.execute({ note: "next" }), "next");
    assertEquals((await plugin.getCurrentConfig()).journal, ["start a", "end a", "next"]);
  });

  Deno.test(`${label}: a call that was aborted before it began is never sent`, async () => {
    await using plugin = await startFixture(face, "holds");
    await assertRejects(() => plugin.execute({ note: "never" }, { signal: AbortSignal.abort(new Error("no")) }), Error, "no");
    assertEquals((await plugin.getCurrentConfig()).journal, []);
  });

  Deno.test(`${label}: calls past max_concurrency wait their turn in order, and an abandoned one leaves the queue`, async () => {
    await using plugin = await startFixture(face, "holds");
    const started = Promise.withResolvers<void>();
    const first = assertRejects(() => plugin.execute({ hold: "first" }, { onProgress: () => started.resolve() }), CallCancelledError);
    await within(started.promise, "the first call");
    const abort = new AbortController();
    const waiting = ["b", "c", "d"].map((note) => plugin.execute({ note }, note === "c" ? { signal: abort.signal } : {}));
    const abandoned = assertRejects(() => waiting[1]!, DOMException);
    abort.abort();
    await abandoned;
    assertEquals(await plugin.cancel(), true);
    await first;
    assertEquals([await waiting[0], await waiting[2]], ["b", "d"]);
    assertEquals((await plugin.getCurrentConfig()).journal, ["start first", "end first", "b", "d"]);
  });

  Deno.test(`${label}: cleanup() ends a stream that nobody reads and a call that waits`, async () => {
    const plugin = await startFixture(face, "holds");
    const stream = plugin.executeStream({ hold: "s" });
    await stream.next();
    const waiting = assertRejects(() => plugin.execute({ note: "never" }), CallCancelledError);
    await plugin.cleanup();
    await waiting;
    await assertRejects(() => stream.next(), CallCancelledError);
  });

  // W30: plugin code runs beside what answers, so that busy is not dead.
  Deno.test(`${label}: /health answers while plugin code spins, and dispose ends it`, async () => {
    const plugin = await startFixture(face, "spins");
    const started = Promise.withResolvers<void>();
    const spinning = plugin.execute({}, { onProgress: () => started.resolve() });
    const outcome = assertRejects(() => spinning, CallCancelledError);
    await within(started.promise, "the loop");
    const { pid, calls } = await plugin.getStats();
    assertEquals([await plugin.isAlive(), calls.running], [true, 1]);
    await plugin.cleanup();
    await outcome;
    assertEquals(await isRunning(pid), false);
  });

  Deno.test(`${label}: what a plugin prints is in the logs and never in the wire`, async () => {
    await using plugin = await startFixture(face, "prints");
    const printed = Promise.withResolvers<void>();
    const reading = (async () => {
      for await (const { text } of plugin.logs) {
        if (text === "printed while it ran") printed.resolve();
      }
    })();
    assertEquals(await plugin.execute(), "done");
    await within(printed.promise, "the printed line");
    await plugin.cleanup();
    await reading;
  });
}

Deno.test("attach() to a place where nothing listens says so", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  listener.close();
  await assertRejects(() => RemotePluginProxy.attach({ url: `http://127.0.0.1:${port}`, token: "x" }), ProtocolError, "connection");
});
