import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { toText } from "@std/streams";
import {
  CallCancelledError,
  CallTimeoutError,
  ManifestError,
  PluginStateError,
  RemotePluginProxySync,
  requiredPermissions,
  WorkerExitError,
} from "@remote-plugin/proxy";
import { loadManifest } from "../../src/manifest/load.ts";
import type { Numbered } from "../fixtures/threads/calls_numbered.ts";
import { eventually, within } from "../support/guard.ts";
import { spawnHost } from "../support/run_host.ts";
import { BOTH, fixtureManifest, gone, isRunning, labelOf, ScratchWatch, startBlocking, startFixture } from "../support/fixture_proxy.ts";
import { PrintedLines } from "../support/printed_lines.ts";

for (const face of BOTH) {
  const label = labelOf({ ...face, blocking: true });

  // W19: the blocking stream is one.
  Deno.test(`${label}: a stream gives each chunk while the plugin still works on the next one`, async () => {
    using plugin = await startBlocking(face, "holds");
    const stream = plugin.executeStream({ hold: "s" });
    assertEquals(stream.next().value, "s");
    assertEquals(plugin.cancel(), true);
    assertThrows(() => stream.next(), CallCancelledError);
    assertEquals(stream.next(), { value: undefined, done: true });
    assertEquals(plugin.execute({ note: "next" }), "next");
  });

  Deno.test(`${label}: a stream is read some chunks ahead and no further`, async () => {
    using plugin = await startBlocking(face, "floods", { manifest: { max_concurrency: 2 } });
    let made = -1;
    for (const chunk of plugin.executeStream<string>()) {
      assertEquals(chunk.length, 262_144);
      for (let looks = 0; looks < 100 || made < 0; looks++) made = plugin.getCurrentConfig().made as number;
      break;
    }
    assertEquals(made > 1 && made < 150, true, `${made} of 200 were made`);
  });

  Deno.test(`${label}: a stream that reports progress is not read ahead, and its reports arrive in order`, async () => {
    using plugin = await startBlocking(face, "reports");
    const steps = Array.from({ length: 3_000 }, (_, number) => [number / 3_000, String(number)]);
    const seen: string[] = [];
    const onProgress = ({ message }: { message: string }) => seen.push(message);
    assertEquals(plugin.execute({ steps }, { onProgress }), "done");
    // A worker may leave out reports that a later one has overtaken.
    const numbers = seen.map(Number);
    assertEquals([numbers, numbers.at(-1)], [numbers.toSorted((a, b) => a - b), 2_999]);
    if (face.worker === "python") assertEquals(seen.length, 3_000);
    const stream = plugin.executeStream({ steps }, { onProgress });
    seen.length = 0;
    stream.next();
    assertEquals([stream.next().value, seen], ["1", ["0", "1"]]);
    stream.return();
  });

  Deno.test(`${label}: a call inside a stream's loop works where the plugin has a place for it`, async () => {
    using plugin = await startBlocking(face, "reports", { manifest: { max_concurrency: 2 } });
    const steps = [[0, "one"], [1, "two"]];
    const results = [...plugin.executeStream({ steps }).map((chunk) => [chunk, plugin.execute()])];
    assertEquals(results, [["one", "done"], ["two", "done"]]);
  });

  Deno.test(`${label}: a call inside a stream's loop that would wait for ever is refused, and the stream goes on`, async () => {
    using plugin = await startBlocking(face, "reports");
    for (const chunk of plugin.executeStream({ steps: [[1, "one"]] })) {
      assertEquals(chunk, "one");
      assertThrows(() => plugin.execute(), PluginStateError, "streams that are open here take its one place");
      assertThrows(() => plugin.executeStream().next(), PluginStateError);
      assertEquals(plugin.isAlive(), true);
    }
    assertEquals(plugin.execute(), "done");
  });

  Deno.test(`${label}: two blocking proxies at once serve two loops that take turns`, async () => {
    using one = await startBlocking(face, "reports");
    using two = await startBlocking(face, "reports");
    const steps = (name: string) => ["1", "2", "3"].map((number) => [0, name + number]);
    const others = two.executeStream({ steps: steps("b") });
    const pairs = [...one.executeStream({ steps: steps("a") })].map((chunk) => [chunk, others.next().value]);
    assertEquals(pairs, [["a1", "b1"], ["a2", "b2"], ["a3", "b3"]]);
  });

  Deno.test(`${label}: onProgress may call the plugin, cancel its call and let it go`, async () => {
    using plugin = await startBlocking(face, "holds");
    const looks: unknown[] = [];
    const look = () => looks.push(plugin.isAlive(), plugin.getProgress().message, plugin.getStats().calls.running, plugin.cancel());
    assertThrows(() => plugin.execute({ hold: "a" }, { onProgress: look }), CallCancelledError);
    assertEquals(looks, [true, "a", 1, true]);
    assertThrows(() => plugin.execute({ hold: "b" }, { onProgress: () => plugin.cleanup() }), CallCancelledError, "cleanup() was called");
    assertThrows(() => plugin.execute(), PluginStateError, "after cleanup()");
  });

  Deno.test(`${label}: what onProgress throws is thrown by the call, which is cancelled`, async () => {
    using plugin = await startBlocking(face, "holds");
    const fail = () => {
      throw new RangeError("mine");
    };
    assertThrows(() => plugin.execute({ hold: "a" }, { onProgress: fail }), RangeError, "mine");
    assertThrows(() => [...plugin.executeStream({ hold: "b" }, { onProgress: fail })], RangeError, "mine");
    assertEquals(plugin.execute({ note: "next" }), "next");
    assertEquals(plugin.getCurrentConfig().journal, ["start a", "end a", "start b", "end b", "next"]);
  });

  Deno.test(`${label}: cleanup() ends plugin code that spins, and a stream that is open`, async () => {
    const spinning = await startBlocking(face, "spins");
    assertThrows(() => spinning.execute({}, { onProgress: () => spinning.cleanup() }), CallCancelledError);
    assertEquals(await isRunning(spinning.pid!), false);
    const plugin = await startBlocking(face, "holds");
    const stream = plugin.executeStream({ hold: "s" });
    stream.next();
    plugin.cleanup();
    assertThrows(() => stream.next(), CallCancelledError, "cleanup() was called");
  });

  Deno.test(`${label}: a stream whose worker is killed gives what has come, and then WorkerExitError`, async () => {
    using plugin = await startBlocking(face, "holds");
    const stream = plugin.executeStream({ hold: "s" });
    assertEquals(stream.next().value, "s");
    Deno.kill(plugin.pid!, "SIGKILL");
    const error = assertThrows(() => stream.next(), WorkerExitError);
    assertEquals([error.signal, error.calls], ["SIGKILL", ["executeStream"]]);
  });

  Deno.test(`${label}: a worker that takes the place of one that was killed is used, and seen`, async () => {
    using plugin = await startBlocking(face, "holds", { manifest: { restart: "on_failure" } });
    const { pid } = plugin;
    const kill = () => Deno.kill(pid!, "SIGKILL");
    assertThrows(() => plugin.execute({ hold: "a" }, { onProgress: kill }), WorkerExitError);
    assertEquals(plugin.execute({ note: "b" }, { idleTimeoutMs: 10_000 }), "b");
    assertEquals([plugin.pid === pid, plugin.exited], [false, undefined]);
    assertThrows(() => plugin.execute({ hold: "c" }, { idleTimeoutMs: 50 }), CallTimeoutError, "50 ms");
  });

  Deno.test(`${label}: logs and exited tell what has happened until now`, async () => {
    const plugin = await startBlocking(face, "prints");
    assertEquals([plugin.execute(), plugin.exited], ["done", undefined]);
    const early = [...plugin.logs];
    plugin.cleanup();
    const texts = [...early, ...plugin.logs].map(({ text }) => text);
    assertEquals(texts.filter((text) => text === "printed while it ran").length, 1);
    assertEquals([...plugin.logs], []);
    assertEquals(plugin.exited === undefined, false);
  });

  Deno.test(`${label}: a value of 64 MiB passes inline, both ways`, async () => {
    using plugin = await startBlocking(face, "gives_back");
    const value = "0123456789abcdef".repeat(4 * 1024 * 1024);
    assertEquals(plugin.execute({ value }) === value, true);
  });

  Deno.test(`${label}: keys that mean something elsewhere arrive as they are`, async () => {
    using plugin = await startBlocking(face, "gives_back");
    const value = JSON.parse('{"__proto__": {"x": 1}, "": 0, "constructor": [1.5]}');
    const back = plugin.execute<Record<string, unknown>>({ value });
    assertEquals(Object.keys(back), ["__proto__", "", "constructor"]);
    assertEquals(plugin.execute({ value: { types: { "/a": "number" } } }), { types: { "/a": "number" } });
  });

  Deno.test(`${label}: Ctrl-C during a call ends the host at once, and its worker with it`, async () => {
    await using scratch = await ScratchWatch.create();
    const manifest = await fixtureManifest({ ...face, transport: "tcp" }, "holds");
    const flags = (await requiredPermissions(manifest, { scratchDir: scratch.path, blocking: true })).toFlags();
    const host = spawnHost("blocks_until_killed", flags, [manifest, { scratchDir: scratch.path }]);
    const lines = new PrintedLines(host.stdout);
    const pid = Number(await lines.next("the process of its worker"));
    host.kill("SIGINT");
    const { signal } = await within(host.status, "the end of the host");
    await assertRejects(() => lines.next("a line after its end"), Error, "printed no more lines");
    assertEquals([signal, await toText(host.stderr)], ["SIGINT", ""]);
    await gone(pid);
    // Whoever holds the lifeline removes the worker's files, and is none of this host's children.
    await eventually(() => scratch.names().length === 0, "the worker's folder to be gone");
  });

  Deno.test(`${label}: it works inside a thread`, async () => {
    const thread = new Worker(new URL("../fixtures/threads/blocks_here.ts", import.meta.url), { type: "module" });
    try {
      const answer = new Promise((resolve, reject) => {
        thread.onmessage = ({ data }) => resolve(data);
        thread.onerror = ({ message }) => reject(new Error(message));
      });
      thread.postMessage({ manifest: await fixtureManifest(face, "echo"), options: { permissions: "requested" } });
      assertEquals(await within(answer, "the thread, which is type-checked first"), [{ args: [], kwargs: { n: 1 } }, {
        args: [],
        kwargs: { n: 2 },
      }]);
    } finally {
      thread.terminate();
    }
  });
}

for (const face of BOTH) {
  Deno.test(`${labelOf(face)}: callers that block in threads of their own, and many that do not, share one worker, and each call is run once`, async () => {
    await using scratch = await ScratchWatch.create();
    const begun = `${scratch.path}/begun`;
    await using plugin = await startFixture(face, "numbered");
    // The first of them is type-checked, which takes its time.
    assertEquals(await wrongAnswers({ endpoint: plugin.endpoint!, from: 0, count: 1, begun }), []);
    const threads = [1, 2, 3].map((thread) => wrongAnswers({ endpoint: plugin.endpoint!, from: 1_000 * thread, count: 100, begun }));
    const others = Array.from({ length: 300 }, (_, n) => plugin.execute({ n: 10_000 + n, begun }));
    assertEquals(await Promise.all(others), others.map((_, n) => 10_000 + n));
    assertEquals((await Promise.all(threads)).flat(), []);
    const numbers = (await Deno.readTextFile(begun)).trim().split("\n");
    assertEquals([numbers.length, new Set(numbers).size], [601, 601]);
    await Deno.remove(begun);
  });
}

/** What is wrong with the answers to the calls of a thread that blocks. */
async function wrongAnswers(plan: Numbered): Promise<unknown[]> {
  const thread = new Worker(new URL("../fixtures/threads/calls_numbered.ts", import.meta.url), { type: "module" });
  const answer = Promise.withResolvers<unknown[]>();
  thread.onmessage = ({ data }: MessageEvent<unknown[]>) => answer.resolve(data);
  thread.onerror = (event) => answer.reject(new Error(event.message));
  thread.postMessage(plan);
  const wrong = await within(answer.promise, "the thread");
  thread.terminate();
  return wrong;
}

Deno.test("blocking: a thread that may not wait is told of the asynchronous twin", async () => {
  const manifest = await fixtureManifest(BOTH[0]!, "echo");
  const { wait } = Atomics;
  Atomics.wait = () => {
    throw new TypeError("Atomics.wait cannot be called in this context");
  };
  try {
    assertThrows(() => RemotePluginProxySync.start(manifest), PluginStateError, "Use RemotePluginProxy, the asynchronous twin");
  } finally {
    Atomics.wait = wait;
  }
});

Deno.test("blocking: a signal and a listener to restarts are refused, for nobody could serve them", async () => {
  using plugin = await startBlocking(BOTH[0]!, "echo");
  const options: object = { signal: new AbortController().signal };
  const error = assertThrows(() => plugin.execute({}, options), PluginStateError);
  assertStringIncludes(error.message, 'Give "timeoutMs", or use RemotePluginProxy');
  const listener: object = { onRestart: () => {} };
  const manifest = await fixtureManifest(BOTH[0]!, "echo");
  assertThrows(() => RemotePluginProxySync.start(manifest, listener), PluginStateError, "Use RemotePluginProxy");
});

Deno.test("blocking: a manifest that holds what JSON cannot is a ManifestError", () => {
  const manifest = { module: "x", class: "X", env_vars: { A: (() => {}) as unknown as string } };
  assertThrows(() => RemotePluginProxySync.start(manifest), ManifestError, "holds what JSON cannot");
});

Deno.test("blocking: no manifest passes for one that was checked, and one that was checked is started", async () => {
  const checked = await loadManifest(await fixtureManifest(BOTH[0]!, "echo"));
  for (
    const forged of [JSON.parse(JSON.stringify(checked)), { module: "x", runtime: checked.runtime, inheritEnv: [], isChecked: true }, null]
  ) {
    assertThrows(() => RemotePluginProxySync.start(forged), ManifestError);
  }
  using plugin = RemotePluginProxySync.start(checked);
  assertEquals(plugin.execute({ n: 1 }), { args: [], kwargs: { n: 1 } });
});
