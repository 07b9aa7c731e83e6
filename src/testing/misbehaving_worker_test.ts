import { assertEquals, assertRejects, assertStrictEquals, assertStringIncludes } from "@std/assert";
import {
  CallCancelledError,
  CallError,
  CallTimeoutError,
  PluginStateError,
  ProtocolError,
  RemoteError,
  RemotePluginProxy,
  WorkerExitError,
} from "@remote-plugin/proxy";
import { misbehavingWorker, type Misbehaviour, type MisbehaviourStep } from "./mod.ts";

/** A proxy whose calls are answered by these scripts. */
async function attached(...calls: Misbehaviour[]): Promise<RemotePluginProxy> {
  return await RemotePluginProxy.attach(misbehavingWorker({ calls }));
}

const lie = (raw: string | Uint8Array): MisbehaviourStep[] => [{ raw }];

Deno.test("A misbehaving worker answers well where it is not told otherwise", async () => {
  const worker = misbehavingWorker({ calls: [[{ result: { n: NaN } }], []], name: "fake" });
  await using plugin = await RemotePluginProxy.attach(worker);
  assertEquals(await plugin.execute({ a: 1 }), { n: NaN });
  assertEquals([await plugin.execute(), await plugin.execute()], [null, null]);
  await plugin.initialize();
  await plugin.reconfigure({ a: 1 });
  assertEquals([plugin.name, await plugin.isAlive(), await plugin.prefetch(), await plugin.cancel()], ["fake", true, true, false]);
  assertEquals([await plugin.getConfigSchema(), await plugin.getProgress()], [{}, { progress: 0, message: "" }]);
  assertEquals((await plugin.getStats()).calls, { running: 0, queued: 0, finished: 3 });
  assertEquals(worker.requests.slice(0, 3).map(({ endpoint }) => endpoint), ["ready", "health", "execute"]);
  assertEquals(worker.requests[2]?.body, { args: [], kwargs: { a: 1 } });
});

Deno.test("A crash in the middle of a stream is a WorkerExitError that names the calls, and so is every later call", async () => {
  const plugin = await attached([{ chunk: 1 }, { progress: 0.5 }, "crash"]);
  const seen: unknown[] = [];
  const error = await assertRejects(async () => {
    for await (const chunk of plugin.executeStream({}, { onProgress: ({ progress }) => seen.push(progress) })) seen.push(chunk);
  }, WorkerExitError);
  assertEquals([seen, error.signal, error.calls], [[1, 0.5], "SIGKILL", ["executeStream"]]);
  await assertRejects(() => plugin.execute(), WorkerExitError, "SIGKILL");
  assertEquals(await plugin.exited, { code: null, signal: "SIGKILL", outOfMemory: false });
  await plugin.cleanup();
});

Deno.test("crash() ends every call that is open, those that wait for their turn included", async () => {
  const worker = misbehavingWorker({ calls: [["stall"]] });
  const plugin = await RemotePluginProxy.attach(worker);
  const calls = [plugin.execute(), plugin.execute(), plugin.execute()].map((call) => assertRejects(() => call, WorkerExitError));
  worker.crash();
  worker.crash();
  await Promise.all(calls);
});

Deno.test("A call that stalls is over for its caller at its time limit or by its signal", async () => {
  const worker = misbehavingWorker({ calls: [["stall"]], maxConcurrency: 2 });
  const plugin = await RemotePluginProxy.attach(worker);
  const abort = new AbortController();
  const reason = new Error("enough");
  const aborted = assertRejects(() => plugin.execute({}, { signal: abort.signal }));
  await assertRejects(() => plugin.execute({}, { timeoutMs: 10 }), CallTimeoutError);
  abort.abort(reason);
  assertStrictEquals(await aborted, reason);
  worker.crash();
  await plugin.cleanup();
});

Deno.test("A call that holds ends when it is cancelled, and its turn goes on to the next", async () => {
  await using plugin = await attached([{ progress: 0 }, "hold"], [{ result: "next" }]);
  const begun = Promise.withResolvers<void>();
  const held = assertRejects(() => plugin.execute({}, { onProgress: () => begun.resolve() }), CallCancelledError);
  const next = plugin.execute();
  await begun.promise;
  assertEquals(await plugin.cancel(), true);
  await held;
  assertEquals(await next, "next");
});

Deno.test("A call that is aborted in the moment in which its turn comes gives the turn back", async () => {
  await using plugin = await attached([{ result: 1 }]);
  const abort = new AbortController();
  const call = assertRejects(() => plugin.execute({}, { signal: abort.signal }));
  abort.abort();
  await call;
  assertEquals(await plugin.execute({}, { timeoutMs: 1_000 }), 1);
});

Deno.test("A request to cancel that overtakes its call is made again", async () => {
  const worker = misbehavingWorker({ calls: [["hold"], [{ result: 1 }]] });
  let arrived = false;
  await using plugin = await RemotePluginProxy.attach({
    async *exchange(request, signal) {
      if (request.endpoint === "execute") {
        await new Promise((resolve) => setTimeout(resolve, arrived ? 0 : 50));
        arrived = true;
      }
      yield* worker.exchange(request, signal);
    },
  });
  await assertRejects(() => plugin.execute({}, { timeoutMs: 1 }), CallTimeoutError);
  const begun = performance.now();
  assertEquals(await plugin.execute(), 1);
  assertEquals(performance.now() - begun < 1_500, true, "the call is not waited for until its budget of two seconds is over");
  assertEquals(worker.requests.filter(({ endpoint }) => endpoint === "cancel").length > 1, true);
});

Deno.test("A worker that dawdles is waited for", async () => {
  await using plugin = await attached([{ pauseMs: 5 }, { result: 1 }]);
  assertEquals(await plugin.execute({}, { timeoutMs: 5_000 }), 1);
});

Deno.test("An error of the plugin and a refusal leave the worker in use", async () => {
  await using plugin = await attached(
    [{ error: { type: "ValueError", message: "no such model", retriable: true } }],
    { refuse: 400, detail: "no" },
    { refuse: 404 },
    [{ result: 1 }],
  );
  const error = await assertRejects(() => plugin.execute(), RemoteError);
  assertEquals([error.remoteType, error.retriable, error.category], ["ValueError", true, undefined]);
  assertEquals((await assertRejects(() => plugin.execute(), CallError)).code, "invalid_arguments");
  assertEquals((await assertRejects(() => plugin.execute(), CallError)).code, "not_supported");
  assertEquals(await plugin.execute(), 1);
});

const lies: readonly (readonly [string, Misbehaviour])[] = [
  ["what is no JSON", lie("good morning\n")],
  ["JSON that is no frame", lie("[1]\n")],
  ["a frame of no kind", lie('{"outcome": 1}\n')],
  ["a frame of two kinds", lie('{"chunk": 1, "result": 2}\n')],
  ["a frame cut in two", lie('{"resu')],
  ["a last line without its end", lie('{"result": 1}')],
  ["nothing at all", lie("")],
  ["a reply that is cut short", [{ chunk: 1 }, "cut"]],
  ["two results", [{ result: 1 }, { result: 2 }]],
  ["more after an error", [{ error: { message: "x" } }, { chunk: 2 }]],
  ["bytes that are no UTF-8", lie(new Uint8Array([0x22, 0xff, 0x22, 0x0a]))],
  ["a byte order mark", lie('\ufeff{"result": 1}\n')],
  ["progress that is no number", lie('{"progress": "half", "message": ""}\n')],
  ["progress of a billion digits", lie(`{"progress": 1e999, "message": ""}\n`)],
  ["an error without a message", lie('{"error": {"code": "plugin_error", "type": "E", "traceback": ""}}\n')],
  ["an error that is none", lie('{"error": null}\n')],
  ["a pointer that leads nowhere", lie('{"result": [], "types": {"/0": "number"}}\n')],
  ["a pointer that is none", lie('{"result": "NaN", "types": {"x": "number"}}\n')],
  ["types that are none", lie('{"result": "NaN", "types": ["number"]}\n')],
  ["types of types", lie('{"result": "NaN", "types": {"": {}}}\n')],
  ["a pointer into a prototype", lie('{"result": {}, "types": {"/__proto__/x": "number"}}\n')],
  ["a status that the protocol lacks", { refuse: 500, detail: "oops" }],
];
for (const [what, script] of lies) {
  Deno.test(`A worker that sends ${what} is told of by a ProtocolError, and given up`, async () => {
    await using plugin = await attached(script, [{ result: "as if nothing had happened" }]);
    const stream = () => Array.fromAsync(plugin.executeStream());
    const breach = await assertRejects(stream, ProtocolError);
    const later = await assertRejects(() => plugin.execute(), PluginStateError);
    assertStrictEquals(later.cause, breach);
    assertStringIncludes(later.message, breach.message);
    assertEquals([breach.plugin, breach.message.length < 300, await plugin.isAlive()], ["misbehaving", true, false]);
  });
}

Deno.test("A stream where one result is due is a ProtocolError", async () => {
  await using plugin = await attached([{ chunk: 1 }]);
  await assertRejects(() => plugin.execute(), ProtocolError, "answered with a stream");
  await assertRejects(() => plugin.execute(), PluginStateError);
});

Deno.test("A worker that answers its own questions with what is no object is a ProtocolError", async () => {
  for (const result of [null, 1, "cancelled", []]) {
    await using plugin = await RemotePluginProxy.attach(misbehavingWorker({ endpoints: { cancel: [{ result }] } }));
    await assertRejects(() => plugin.cancel(), ProtocolError, "no object");
  }
});

Deno.test("A lie ends the other calls of that worker, and they are told why", async () => {
  const worker = misbehavingWorker({ calls: [["hold"], lie("{\n")], maxConcurrency: 2 });
  await using plugin = await RemotePluginProxy.attach(worker);
  const held = assertRejects(() => plugin.execute(), PluginStateError, "broke the protocol");
  await assertRejects(() => plugin.execute(), ProtocolError);
  await held;
});

for (
  const [what, endpoints] of [
    ["no name", { ready: [{ result: {} }] }],
    ["a name that is none", { ready: [{ result: { name: 1, version: null } }] }],
    ["no number of places", { health: [{ result: {} }] }],
    ["no places", { health: [{ result: { max_concurrency: 0 } }] }],
    ["half an answer", { ready: lie('{"result') }],
    ["a refusal", { ready: { refuse: 401 } }],
  ] as const
) {
  Deno.test(`attach() to a worker with ${what} is a ProtocolError`, async () => {
    await assertRejects(() => RemotePluginProxy.attach(misbehavingWorker({ endpoints })), ProtocolError);
  });
}

Deno.test("Lists in each other by the million are a value like any other", async () => {
  const depth = 1_000_000;
  await using plugin = await attached(lie(`{"result": ${"[".repeat(depth)}${"]".repeat(depth)}}\n`));
  let list = await plugin.execute<unknown[]>();
  let seen = 1;
  for (; list.length > 0; seen++) list = list[0] as unknown[];
  assertEquals(seen, depth);
});

Deno.test("A number of a million digits is a number", async () => {
  await using plugin = await attached(lie(`{"result": ${"9".repeat(1_000_000)}}\n`));
  assertEquals(await plugin.execute(), Infinity);
});

Deno.test("A frame that never ends is given up before it fills the memory", async () => {
  const piece = "x".repeat(8 * 1024 * 1024);
  await using plugin = await attached([{ raw: '{"result": "' }, ...Array.from({ length: 17 }, () => ({ raw: piece }))]);
  await assertRejects(() => plugin.execute(), ProtocolError, "frame longer than 134217728 bytes");
});

Deno.test("A refusal of any length is read as far as its beginning", async () => {
  await using plugin = await attached({ refuse: 500, detail: "x".repeat(10_000_000) });
  const { message } = await assertRejects(() => plugin.execute(), ProtocolError);
  assertEquals(message.length < 400, true);
});
