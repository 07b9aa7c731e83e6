import { assert, assertEquals, assertRejects } from "@std/assert";
import type { HealthBody } from "../../protocol/messages.ts";
import { InlineRunner } from "./inline_runner.ts";
import { loadPlugin } from "./load_plugin.ts";
import { BadBodyError } from "./call_arguments.ts";
import { CallIdInUseError } from "./session.ts";
import { call, failure, frames, gate, LABEL, NEVER, open, result, sessionOf } from "../../../tests/support/worker_session.ts";

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

Deno.test("A call that is cancelled in the moment in which its turn comes never reaches the plugin", async () => {
  let runs = 0;
  const inline = new InlineRunner(loadPlugin({ execute: () => "done" }, LABEL));
  const session = sessionOf({
    settled: inline.settled,
    state: inline.state,
    ask: (endpoint) => inline.ask(endpoint),
    runTogether: (calls) => inline.runTogether(calls),
    run: (order, sink, signal) => {
      runs++;
      return inline.run(order, sink, signal);
    },
  });
  const reply = session.reply({ endpoint: "execute", callId: "a" });
  session.reply({ endpoint: "cancel", body: { call_id: "a" } });
  assertEquals((await reply.take()).map(({ kind }) => kind), ["error"]);
  assertEquals(await result(session, { endpoint: "execute" }), "done");
  assertEquals(runs, 1);
});

Deno.test("A call that was cancelled before it came ends as cancelled without its plugin, and its id is free again", async () => {
  const { plugin, started, arrival, letGo } = gate();
  const session = open(plugin);
  const ahead = { endpoint: "cancel", body: { call_id: "a", ahead: true } } as const;
  assertEquals(await result(session, ahead), { status: "cancelled" });
  assertEquals((await failure(session, call("a"))).code, "cancelled");
  assertEquals(started, []);
  const again = result(session, call("a"));
  await arrival("a");
  letGo("a");
  assertEquals(await again, "a");
});

Deno.test("Cancelling ahead cancels a call that is there, and remembers nothing", async () => {
  const { plugin, arrival, letGo } = gate();
  const session = open(plugin);
  const running = failure(session, call("a"));
  await arrival("a");
  assertEquals(await result(session, { endpoint: "cancel", body: { call_id: "a", ahead: true } }), { status: "cancelled" });
  letGo("a");
  assertEquals((await running).code, "cancelled");
  const next = result(session, call("a"));
  await arrival("a");
  letGo("a");
  assertEquals(await next, "a");
});

Deno.test("Of more than 1,024 ids that were cancelled ahead the oldest is forgotten", async () => {
  const session = open({ execute: ({ name }: { name: string }) => name });
  for (let id = 0; id <= 1024; id++) await result(session, { endpoint: "cancel", body: { call_id: `${id}`, ahead: true } });
  assertEquals(await result(session, call("0")), "0");
  assertEquals((await failure(session, call("1"))).code, "cancelled");
  assertEquals((await failure(session, call("1024"))).code, "cancelled");
});

Deno.test("Only true and false say whether a call is cancelled ahead, and without an id all that are open are cancelled", async () => {
  const session = open({ execute: () => 1 });
  await assertRejects(() => frames(session, { endpoint: "cancel", body: { call_id: "a", ahead: 1 } }), BadBodyError, '"ahead"');
  assertEquals(await result(session, { endpoint: "cancel", body: { ahead: true } }), { status: "not_running" });
});
