import { assertEquals } from "@std/assert";
import type { PluginStats } from "../manager/info.ts";
import { UsageHistory } from "./history.ts";

function statsOf(name: string, memoryMb: number, workers = 1): PluginStats {
  const worker = { pid: 1, cpuPercent: 2, memoryMb, gpuMemoryMb: undefined, uptimeS: 1, running: 0 };
  const calls = { open: 0, waiting: 0, succeeded: 0, failed: 0, cancelled: 0, latencyMs: undefined };
  return { name, version: "1", state: { kind: "registered" }, workers: Array(workers).fill(worker), calls };
}

Deno.test("the last minutes of each plugin are kept, its workers added up", () => {
  const history = new UsageHistory();
  for (let time = 0; time < 400; time++) history.add(time, [statsOf("a", time, 2)]);
  const { times, memory, processor } = history.of({ name: "a", version: "1" });
  assertEquals([times.length, times.at(-1), memory.at(-1), processor.at(-1)], [150, 399, 798, 4]);
});

Deno.test("a plugin that is gone is forgotten", () => {
  const history = new UsageHistory();
  history.add(1, [statsOf("a", 1), statsOf("b", 1)]);
  history.add(2, [statsOf("b", 1)]);
  assertEquals([history.of({ name: "a", version: "1" }).times, history.of({ name: "b", version: "1" }).times], [[], [1, 2]]);
});
