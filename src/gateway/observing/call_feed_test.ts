import { assertEquals } from "@std/assert";
import { CallFeed } from "./call_feed.ts";
import type { CallOutcome, ObservedCall } from "./observer.ts";

const WELL: CallOutcome = { status: 200, code: undefined, durationMs: 3, bytesIn: 0, bytesOut: 0, chunks: 2 };

function callOf(plugin: string): ObservedCall {
  const startedAt = new Date(0);
  return { plugin, version: "1.0", endpoint: "execute", callId: undefined, client: "caller 1", traceparent: undefined, startedAt };
}

Deno.test("whoever comes gets the calls that have ended, those that run, and how they end", () => {
  const feed = new CallFeed();
  const [first, second] = [callOf("first"), callOf("second")];
  feed.opened(first);
  feed.opened(second);
  feed.ended(first, WELL);
  const seen: unknown[] = [];
  const leave = feed.follow(({ number, plugin, outcome, durationMs, chunks }) => seen.push([number, plugin, outcome, durationMs, chunks]));
  feed.ended(second, { ...WELL, code: "plugin_error" });
  leave();
  feed.opened(callOf("third"));
  assertEquals(seen, [
    [0, "first", "ok", 3, 2],
    [1, "second", undefined, undefined, undefined],
    [1, "second", "plugin_error", 3, 2],
  ]);
});

Deno.test("of the calls that have ended only the last are kept", () => {
  const feed = new CallFeed();
  for (let at = 0; at < 1_000; at++) {
    const call = callOf("p");
    feed.opened(call);
    feed.ended(call, WELL);
  }
  const seen: number[] = [];
  feed.follow(({ number }) => seen.push(number))();
  assertEquals([seen.length, seen[0], seen.at(-1)], [200, 800, 999]);
});
