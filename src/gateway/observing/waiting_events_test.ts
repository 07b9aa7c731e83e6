import { assertEquals, assertStringIncludes } from "@std/assert";
import { WaitingEvents } from "./waiting_events.ts";

function call(number: number, outcome?: string) {
  return { number, plugin: "p", version: "1", endpoint: "execute", client: "caller 1", startedAt: new Date(0), outcome } as const;
}

Deno.test("one who does not keep up loses the oldest lines and calls, and gets of a call its last state", () => {
  const waiting = new WaitingEvents();
  for (let at = 0; at < 2_000; at++) waiting.addLine({ time: new Date(0), stream: "stderr", text: `line ${at}`, plugin: "p" });
  for (let at = 0; at < 600; at++) waiting.addCall(call(at));
  waiting.addCall(call(599, "ok"));
  const events = waiting.taken().split("\n\n").slice(0, -1);
  const calls = events.filter((event) => event.startsWith("event: call\n"));
  assertEquals([events.length, calls.length], [1_000, 500]);
  assertStringIncludes(events[0]!, "line 1500");
  assertStringIncludes(calls[0]!, '"number":100,');
  assertStringIncludes(calls.at(-1)!, '"outcome":"ok"');
  assertEquals(waiting.taken(), "");
});

Deno.test("a text with line feeds stays one event", () => {
  const waiting = new WaitingEvents();
  waiting.addLine({ time: new Date(0), stream: "stderr", text: "a\n\nevent: call\ndata: {}\n\n", plugin: "p" });
  assertEquals(waiting.taken().split("\n").length, 4);
});
