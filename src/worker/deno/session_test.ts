import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { WireRequest } from "../../protocol/exchange.ts";
import type { Frame } from "../../protocol/frames.ts";
import { isLastFrame } from "../../protocol/frames.ts";
import type { ErrorBody, HealthBody } from "../../protocol/messages.ts";
import type { Plugin } from "../define_plugin.ts";
import { InlineRunner } from "./inline_runner.ts";
import { loadPlugin } from "./load_plugin.ts";
import type { PluginRunner } from "./plugin_runner.ts";
import { BadBodyError, CallIdInUseError, WorkerSession } from "./session.ts";

const LABEL = { name: "test", version: "1.0.0" };
const NEVER = new AbortController().signal;

function sessionOf(runner: PluginRunner, maxConcurrency = 1): WorkerSession {
  const usage = () => Promise.resolve({ cpu_percent: 0, memory_rss_mb: 0 });
  return new WorkerSession(runner, { plugin: LABEL, limits: { max_concurrency: maxConcurrency }, pid: 1, usage });
}

function open<K, R, C, G>(plugin: Plugin<K, R, C, G>, maxConcurrency?: number): WorkerSession {
  return sessionOf(new InlineRunner(loadPlugin(plugin, LABEL)), maxConcurrency);
}

async function frames(session: WorkerSession, request: WireRequest, signal: AbortSignal = NEVER): Promise<Frame[]> {
  return await Array.fromAsync(session.exchange(request, signal));
}

async function last(session: WorkerSession, request: WireRequest): Promise<Frame> {
  const all = await frames(session, request);
  const frame = all.at(-1);
  assert(frame !== undefined && isLastFrame(frame) && all.filter(isLastFrame).length === 1);
  return frame;
}

async function result(session: WorkerSession, request: WireRequest): Promise<unknown> {
  const frame = await last(session, request);
  assert("result" in frame, JSON.stringify(frame));
  return frame.result;
}

async function failure(session: WorkerSession, request: WireRequest): Promise<ErrorBody> {
  const frame = await last(session, request);
  assert("error" in frame, JSON.stringify(frame));
  return frame.error;
}

/** A plugin whose calls stay open until they are let go. */
function gate() {
  const started: string[] = [];
  const doors = new Map<string, () => void>();
  const arrivals = new Map<string, () => void>();
  return {
    started,
    plugin: {
      async execute({ name }: { name: string }): Promise<string> {
        started.push(name);
        const door = new Promise<void>((resolve) => doors.set(name, resolve));
        arrivals.get(name)?.();
        await door;
        return name;
      },
    },
    arrival: (name: string): Promise<void> => doors.has(name) ? Promise.resolve() : new Promise((resolve) => arrivals.set(name, resolve)),
    letGo(name: string): void {
      doors.get(name)!();
      doors.delete(name);
    },
  };
}

const call = (name: string): WireRequest => ({ endpoint: "execute", body: { kwargs: { name } }, callId: name });

Deno.test("execute gives the plugin its arguments and the host its result", async () => {
  const session = open({ execute: (kwargs, { args, callId }) => ({ kwargs, args, callId }) });
  const body = { args: [1, 2], kwargs: { a: "b" } };
  assertEquals(await result(session, { endpoint: "execute", body, callId: "c1" }), { kwargs: { a: "b" }, args: [1, 2], callId: "c1" });
});

Deno.test("NaN and the infinities go both ways", async () => {
  const session = open({ execute: ({ x }) => ({ x, isNaN: Number.isNaN(x), low: -Infinity }) });
  const body = { kwargs: { x: "NaN" }, types: { "/kwargs/x": "number" } };
  const frame = await last(session, { endpoint: "execute", body });
  assertEquals(frame, { result: { x: "NaN", isNaN: true, low: "-Infinity" }, types: { "/x": "number", "/low": "number" } });
});

Deno.test("A result that no JSON carries fails the call and names the place", async () => {
  const session = open({ execute: () => ({ x: [1, 2, 3, 4n] }) });
  const error = await failure(session, { endpoint: "execute" });
  assertEquals([error.code, error.category], ["bad_result", "fatal"]);
  assertStringIncludes(error.message, 'The result at "$.x[3]" is a BigInt');
});

Deno.test("A configuration that holds NaN is a bad result, for its reply has no place for types", async () => {
  const session = open({ execute: () => null, getCurrentConfig: () => ({ rate: NaN }) });
  const error = await failure(session, { endpoint: "config" });
  assertEquals(error.code, "bad_result");
  assertStringIncludes(error.message, '"$.rate"');
});

Deno.test("What a plugin throws reaches the host with its class, message and stack", async () => {
  const session = open({
    execute() {
      const stack = "RangeError: no such model\n    at execute (file:///plugin.ts:1:1)";
      throw Object.assign(new RangeError("no such model"), { stack });
    },
  });
  const error = await failure(session, { endpoint: "execute" });
  assertEquals([error.code, error.type, error.message], ["plugin_error", "RangeError", "no such model"]);
  assertEquals(error.traceback, "RangeError: no such model\n    at execute (file:///plugin.ts:1:1)");
});

Deno.test("Progress reports come before the result, and /progress tells the latest", async () => {
  const session = open({
    execute(_, { reportProgress }) {
      reportProgress(0.25, "reading");
      reportProgress(7, "more than all");
      reportProgress(NaN);
    },
  });
  assertEquals(await frames(session, { endpoint: "execute" }), [
    { progress: 0.25, message: "reading" },
    { progress: 1, message: "more than all" },
    { progress: -1, message: "" },
    { result: null },
  ]);
  assertEquals(await result(session, { endpoint: "progress" }), { progress: -1, message: "" });
});

Deno.test("execute_stream gives the items of any iterable", async () => {
  const chunks = [{ chunk: 1 }, { chunk: 2 }, { result: null }];
  const request: WireRequest = { endpoint: "execute_stream" };
  const streams: Plugin["executeStream"][] = [
    function* () {
      yield* [1, 2];
    },
    async function* () {
      yield* [1, 2];
    },
    () => [1, 2],
    () => Promise.resolve(new Set([1, 2])),
  ];
  for (const executeStream of streams) assertEquals(await frames(open({ executeStream }), request), chunks);
});

Deno.test("A plugin without executeStream answers with the one result of execute", async () => {
  assertEquals(await frames(open({ execute: () => [1, 2] }), { endpoint: "execute_stream" }), [{ chunk: [1, 2] }, { result: null }]);
});

Deno.test("An execute that is a generator gives a list to execute and its items to execute_stream", async () => {
  const plugin = {
    *execute() {
      yield* [1, 2];
    },
  };
  assertEquals(await frames(open(plugin), { endpoint: "execute" }), [{ result: [1, 2] }]);
  assertEquals(await frames(open(plugin), { endpoint: "execute_stream" }), [{ chunk: 1 }, { chunk: 2 }, { result: null }]);
});

Deno.test("A plugin without execute says that it has none", async () => {
  const error = await failure(open({ executeStream: () => [] }), { endpoint: "execute" });
  assertEquals(error.code, "not_supported");
});

Deno.test("Members that a plugin leaves out have an answer", async () => {
  const session = open({ execute: () => null });
  assertEquals(await result(session, { endpoint: "initialize", body: {} }), { status: "ok" });
  assertEquals(await result(session, { endpoint: "prefetch" }), { status: "not_supported" });
  assertEquals(await result(session, { endpoint: "reconfigure" }), { status: "not_supported" });
  assertEquals(await result(session, { endpoint: "cleanup" }), { status: "cleaned" });
  assertEquals(await result(session, { endpoint: "config" }), {});
  assertEquals(await result(session, { endpoint: "config_schema" }), {});
  assertEquals(await result(session, { endpoint: "ready" }), { ...LABEL, methods: ["execute"] });
});

Deno.test("The plugin's own name, version and schema are told", async () => {
  const session = open({ name: "own", version: "2.0.0", configSchema: { type: "object" }, execute: () => null });
  assertEquals(await result(session, { endpoint: "ready" }), { name: "own", version: "2.0.0", methods: ["execute"] });
  assertEquals(await result(session, { endpoint: "config_schema" }), { type: "object" });
});

Deno.test("Calls past the limit wait in the order in which they came, and health counts them", async () => {
  const { plugin, started, arrival, letGo } = gate();
  const session = open(plugin);
  const calls = ["a", "b", "c"].map((name) => result(session, call(name)));
  await arrival("a");
  const { calls: counts } = await result(session, { endpoint: "health" }) as HealthBody;
  assertEquals(counts, { running: 1, queued: 2 });
  for (const name of ["a", "b", "c"]) {
    await arrival(name);
    letGo(name);
  }
  assertEquals(await Promise.all(calls), ["a", "b", "c"]);
  assertEquals(started, ["a", "b", "c"]);
});

Deno.test("A waiting call that is cancelled ends at once and never starts", async () => {
  const { plugin, started, arrival, letGo } = gate();
  const session = open(plugin);
  const first = result(session, call("a"));
  await arrival("a");
  const waiting = failure(session, call("b"));
  // The request is under way once its generator has run, which is a turn of the loop later.
  await result(session, { endpoint: "health" });
  assertEquals(await result(session, { endpoint: "cancel", body: { call_id: "b" } }), { status: "cancelled" });
  assertEquals((await waiting).code, "cancelled");
  letGo("a");
  assertEquals(await first, "a");
  assertEquals(started, ["a"]);
});

Deno.test("A running call that listens to its signal ends as cancelled, whatever it makes of it", async () => {
  let cancels = 0;
  const { promise: arrival, resolve: arrived } = Promise.withResolvers<void>();
  const session = open({
    execute(_, { signal }) {
      arrived();
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve("well"), { once: true }));
    },
    cancel() {
      cancels++;
    },
  });
  const running = failure(session, { endpoint: "execute", callId: "a" });
  await arrival;
  assertEquals(await result(session, { endpoint: "cancel" }), { status: "cancelled" });
  assertEquals((await running).code, "cancelled");
  assertEquals(cancels, 1);
  assertEquals(await result(session, { endpoint: "cancel", body: { call_id: "a" } }), { status: "not_running" });
});

Deno.test("A call that does not listen ends as cancelled when it has come to rest, and keeps its turn until then", async () => {
  const { plugin, arrival, letGo } = gate();
  const session = open(plugin);
  const deaf = failure(session, call("a"));
  await arrival("a");
  await result(session, { endpoint: "cancel", body: { call_id: "a" } });
  const health = await result(session, { endpoint: "health" }) as HealthBody;
  assertEquals(health.calls, { running: 1, queued: 0 });
  const next = result(session, call("b"));
  letGo("a");
  assertEquals((await deaf).code, "cancelled");
  await arrival("b");
  letGo("b");
  assertEquals(await next, "b");
});

Deno.test("Leaving a stream runs the plugin's finally", async () => {
  const { promise: end, resolve: ended } = Promise.withResolvers<number>();
  const session = open({
    async *executeStream() {
      let made = 0;
      try {
        while (true) yield made++;
      } finally {
        ended(made);
      }
    },
  });
  for await (const frame of session.exchange({ endpoint: "execute_stream" }, NEVER)) {
    if ("chunk" in frame && frame.chunk === 3) break;
  }
  assert(await end < 100);
});

Deno.test("An abandoned request rejects with its signal's reason and cancels the call", async () => {
  const abort = new AbortController();
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const session = open({
    execute(_, { signal }) {
      signal.addEventListener("abort", () => stop(), { once: true });
      abort.abort(new Error("gone"));
      return stopped;
    },
  });
  await assertRejects(() => frames(session, { endpoint: "execute" }, abort.signal), Error, "gone");
  await stopped;
});

Deno.test("A call id is refused while its call is open, and free again afterwards", async () => {
  const { plugin, arrival, letGo } = gate();
  const session = open(plugin, 2);
  const first = result(session, call("a"));
  await arrival("a");
  await assertRejects(() => frames(session, call("a")), CallIdInUseError, '"a"');
  letGo("a");
  await first;
  const again = result(session, call("a"));
  await arrival("a");
  letGo("a");
  assertEquals(await again, "a");
});

Deno.test("Arguments of a wrong shape are refused before the plugin sees them", async () => {
  const session = open({ execute: () => null });
  for (const body of [{ args: {} }, { kwargs: [] }, { types: [] }, { types: { "/nowhere": "number" } }]) {
    await assertRejects(() => frames(session, { endpoint: "execute", body }), BadBodyError);
  }
});

Deno.test("A call waits for a plugin that is loading, and gets the error of one that cannot be loaded", async () => {
  const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
  const error: ErrorBody = { code: "load_error", type: "TypeError", message: "no plugin", traceback: "" };
  let state: PluginRunner["state"] = { status: "loading" };
  const failed = () => Promise.resolve({ kind: "error" as const, text: JSON.stringify({ error }) });
  const session = sessionOf({
    get state() {
      return state;
    },
    settled,
    run: failed,
    ask: failed,
  });
  const waiting = failure(session, { endpoint: "execute" });
  const { status, calls } = await result(session, { endpoint: "health" }) as HealthBody;
  assertEquals([status, calls], ["loading", { running: 0, queued: 1 }]);
  state = { status: "failed", failure: error };
  settle();
  assertEquals(await waiting, error);
  assertEquals(await failure(session, { endpoint: "ready" }), error);
});

Deno.test("A call that is cancelled in the moment in which its turn comes never reaches the plugin", async () => {
  let runs = 0;
  const inline = new InlineRunner(loadPlugin({ execute: () => "done" }, LABEL));
  const session = sessionOf({
    settled: inline.settled,
    state: inline.state,
    ask: (endpoint) => inline.ask(endpoint),
    run: (order, sink, signal) => {
      runs++;
      return inline.run(order, sink, signal);
    },
  });
  const reply = session.reply({ endpoint: "execute", callId: "a" }, NEVER);
  session.reply({ endpoint: "cancel", body: { call_id: "a" } }, NEVER);
  assertEquals((await reply.take()).map(({ kind }) => kind), ["error"]);
  assertEquals(await result(session, { endpoint: "execute" }), "done");
  assertEquals(runs, 1);
});
