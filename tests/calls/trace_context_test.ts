import { assertEquals } from "@std/assert";
import { RemotePluginProxy } from "@remote-plugin/proxy";
import type { Exchange } from "../../src/protocol/exchange.ts";
import { definePlugin } from "@remote-plugin/proxy/worker";
import { inMemoryWorker } from "@remote-plugin/proxy/testing";

const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** What a worker gets of the trace that a call was given. */
async function received(traceContext: { readonly traceparent: string; readonly baggage?: string }): Promise<unknown[]> {
  const { exchange } = inMemoryWorker(definePlugin({ name: "p", execute: () => 1, *executeStream() {} }));
  const traces: unknown[] = [];
  const noted: Exchange = (request, signal) => {
    if (request.endpoint.startsWith("execute")) traces.push(request.trace);
    return exchange(request, signal);
  };
  await using plugin = await RemotePluginProxy.attach({ exchange: noted });
  await plugin.execute({}, { traceContext });
  await Array.fromAsync(plugin.executeStream({}, { traceContext }));
  await plugin.execute();
  return traces;
}

Deno.test("a worker gets the trace that a call is given, where the program has no OpenTelemetry", async () => {
  const trace = { traceparent: TRACEPARENT, baggage: "user=ada" };
  assertEquals(await received(trace), [trace, trace, undefined]);
});

Deno.test("a worker gets nothing of a trace that no header can carry", async () => {
  assertEquals(await received({ traceparent: "a\r\nb", baggage: "user=ada" }), [undefined, undefined, undefined]);
  assertEquals(await received({ traceparent: TRACEPARENT, baggage: "ä\n" }), [
    { traceparent: TRACEPARENT },
    { traceparent: TRACEPARENT },
    undefined,
  ]);
});
