import { assertEquals } from "@std/assert";
import { context, metrics, propagation, trace } from "@opentelemetry/api";
import { inTrace, type Telemetry, traceFrom, withoutPropagation } from "./telemetry.ts";

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** That this compiles is the test: what is registered has these types. */
const API = { context, metrics, propagation, trace } satisfies Telemetry;

Deno.test("what the package @opentelemetry/api is looks to us as what it registers", () => {
  const code = () => API.trace.getTracer("test").startActiveSpan("span", {}, () => "ran");
  assertEquals(API.context.with(API.context.active(), code), "ran");
});

Deno.test("a trace is read from headers, and is none without a parent", () => {
  const headers: Record<string, string> = { traceparent: PARENT, tracestate: "a=b", baggage: "user=ada", other: "x" };
  assertEquals(traceFrom((name) => headers[name]), { traceparent: PARENT, tracestate: "a=b", baggage: "user=ada" });
  assertEquals(traceFrom((name) => name === "traceparent" ? PARENT : undefined), { traceparent: PARENT });
  assertEquals(traceFrom((name) => name === "traceparent" ? undefined : "x"), undefined);
});

Deno.test("what no header can carry is not part of a trace", () => {
  const headers = (tracestate: string) => traceFrom((name) => ({ traceparent: PARENT, tracestate })[name]);
  for (const value of ["", "a=b\r\nx: y", "a=é", "a".repeat(8193)]) assertEquals(headers(value), { traceparent: PARENT });
  assertEquals(headers("a".repeat(8192))?.tracestate?.length, 8192);
});

Deno.test("where nothing is registered, code is run as it is", () => {
  assertEquals([inTrace({ traceparent: PARENT }, () => 1), withoutPropagation(() => 2)], [1, 2]);
});
