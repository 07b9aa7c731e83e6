import { assert, assertEquals } from "@std/assert";
import { accessLog } from "./access_log.ts";
import type { CallOutcome, ObservedCall } from "./observer.ts";

const CALL: ObservedCall = {
  plugin: "whisper",
  version: "1.0",
  endpoint: "execute",
  callId: undefined,
  client: "caller 1",
  remote: "10.0.0.7",
  traceparent: undefined,
  startedAt: new Date(0),
};
const OUTCOME: CallOutcome = { status: 200, code: undefined, durationMs: 12.34567, bytesIn: 30, bytesOut: 7, chunks: 0 };

function logged(call: Partial<ObservedCall> = {}, outcome: Partial<CallOutcome> = {}): Record<string, unknown> {
  const lines: string[] = [];
  const log = accessLog((line) => lines.push(line));
  log.opened({ ...CALL, ...call });
  assertEquals(lines, []);
  log.ended({ ...CALL, ...call }, { ...OUTCOME, ...outcome });
  assertEquals(lines.length, 1);
  assert(!lines[0]!.includes("\n"), lines[0]);
  return JSON.parse(lines[0]!);
}

Deno.test("the access log has a line of JSON for each call that has ended", () => {
  const { time, ...line } = logged();
  assertEquals(new Date(time as string).toISOString(), time);
  assertEquals(line, {
    plugin: "whisper",
    version: "1.0",
    endpoint: "execute",
    status: 200,
    duration_ms: 12.346,
    bytes_in: 30,
    bytes_out: 7,
    chunks: 0,
    client: "caller 1",
    remote: "10.0.0.7",
  });
});

Deno.test("the access log tells the error that a client got, and the call's id", () => {
  const { status, error_code, call_id } = logged({ callId: "a\n{}" }, { status: 500, code: "plugin_error" });
  assertEquals([status, error_code, call_id], [500, "plugin_error", "a\n{}"]);
});

Deno.test("the access log has the ids of the client's trace, and none of what is no trace", () => {
  const [trace, span] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
  const idsOf = (traceparent: string) => {
    const { trace_id, span_id } = logged({ traceparent });
    return [trace_id, span_id];
  };
  assertEquals(idsOf(`00-${trace}-${span}-01`), [trace, span]);
  // A later version may have more behind it.
  assertEquals(idsOf(`cc-${trace}-${span}-01-what`), [trace, span]);
  const none = [
    `00-${"0".repeat(32)}-${span}-01`,
    `00-${trace}-${"0".repeat(16)}-01`,
    `ff-${trace}-${span}-01`,
    `00-${trace}-${span}-01x`,
    "a",
  ];
  for (const text of none) assertEquals(idsOf(text), [undefined, undefined], text);
});
