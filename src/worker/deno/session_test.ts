import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { WireRequest } from "../../protocol/exchange.ts";
import type { ErrorBody, HealthBody } from "../../protocol/messages.ts";
import type { Plugin } from "../define_plugin.ts";
import type { PluginRunner } from "./plugin_runner.ts";
import { BadBodyError } from "./call_arguments.ts";
import { failure, frames, LABEL, last, open, result, sessionOf } from "../../../tests/support/worker_session.ts";

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
    runTogether: (calls) => calls.map(failed),
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
