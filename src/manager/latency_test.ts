import { assertEquals } from "@std/assert";
import { Latencies } from "./latency.ts";

Deno.test("percentiles are those of the last 1,000 durations", () => {
  const latencies = new Latencies();
  assertEquals(latencies.percentiles, undefined);
  latencies.add(7);
  assertEquals(latencies.percentiles, { p50: 7, p95: 7, p99: 7, max: 7 });
  for (let ms = 1; ms <= 1_000; ms++) latencies.add(ms);
  assertEquals(latencies.percentiles, { p50: 500, p95: 950, p99: 990, max: 1_000 });
});
