import { assertEquals, assertMatch } from "@std/assert";
import { readSamples, valueOf } from "../../../tests/support/prometheus_text.ts";
import { PluginManager } from "../../manager/plugin_manager.ts";
import { GatewayMetrics } from "./metrics.ts";
import type { CallOutcome, ObservedCall } from "./observer.ts";

const CALL: ObservedCall = {
  plugin: "whisper",
  version: "1.0",
  endpoint: "execute",
  callId: undefined,
  client: "caller 1",
  traceparent: undefined,
  startedAt: new Date(0),
};
const OUTCOME: CallOutcome = { status: 200, code: undefined, durationMs: 40, bytesIn: 30, bytesOut: 7, chunks: 2 };
const MANIFEST = { name: "whisper", version: "1.0", runtime: "deno", module: "/nowhere/plugin.ts" } as const;

async function withMetrics(use: (metrics: GatewayMetrics) => Promise<void>): Promise<void> {
  await using manager = await PluginManager.create({ manifests: [MANIFEST], healthIntervalMs: 0 });
  await use(new GatewayMetrics(manager));
}

Deno.test("the metrics count calls by how they ended, with durations, bytes and chunks", async () => {
  await withMetrics(async (metrics) => {
    for (const code of [undefined, undefined, "cancelled"]) {
      metrics.opened(CALL);
      metrics.ended(CALL, { ...OUTCOME, code });
    }
    metrics.opened(CALL);
    const text = await metrics.text();
    const figure = (name: string, labels: Record<string, string> = {}) =>
      valueOf(text, `remote_plugin_${name}`, { plugin: "whisper", ...labels });
    const execute = { endpoint: "execute" };
    assertEquals([figure("calls_total", { ...execute, outcome: "ok" }), figure("calls_total", { ...execute, outcome: "cancelled" })], [
      2,
      1,
    ]);
    assertEquals([figure("open_calls", execute), figure("call_duration_seconds_count", execute)], [1, 3]);
    const atMost = (le: string) => figure("call_duration_seconds_bucket", { ...execute, le });
    assertEquals([atMost("0.025"), atMost("0.05"), atMost("+Inf")], [0, 3, 3]);
    assertEquals([figure("received_bytes_total"), figure("sent_bytes_total"), figure("stream_chunks_total")], [90, 21, 6]);
  });
});

Deno.test("the metrics tell the state of each plugin, also of one without workers", async () => {
  await withMetrics(async (metrics) => {
    const text = await metrics.text();
    const states = readSamples(text).filter(({ name }) => name === "remote_plugin_state");
    assertEquals(states.filter(({ value }) => value === 1).map(({ labels }) => labels), [{
      plugin: "whisper",
      version: "1.0",
      state: "registered",
    }]);
    assertEquals(states.length, 7);
    assertEquals(valueOf(text, "remote_plugin_workers", { plugin: "whisper", state: "idle" }), 0);
  });
});

Deno.test("the metrics of two gateways in one program do not add up", async () => {
  await withMetrics(async (one) => {
    await withMetrics(async (other) => {
      one.answered(new Response());
      assertEquals(valueOf(await one.text(), "remote_plugin_http_responses_total", { status: "200" }), 1);
      assertEquals(valueOf(await other.text(), "remote_plugin_http_responses_total"), undefined);
    });
  });
});

Deno.test("the metrics are in the format that Prometheus reads, whatever a plugin is called", async () => {
  await withMetrics(async (metrics) => {
    const plugin = 'a"b\\c\nd}';
    metrics.opened({ ...CALL, plugin });
    const text = await metrics.text();
    assertEquals(valueOf(text, "remote_plugin_open_calls", { plugin }), 1);
    assertMatch(metrics.contentType, /^text\/plain; version=0\.0\.4/);
    assertEquals(valueOf(text, "process_resident_memory_bytes")! > 1_000_000, true);
  });
});
