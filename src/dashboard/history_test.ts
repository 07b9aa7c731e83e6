import { assertEquals } from "@std/assert";
import { UsageHistory } from "./page/history.js";

function figures(name: string, memoryMb: number, workers = 1) {
  return { name, version: "1", workers: Array(workers).fill({ memoryMb, cpuPercent: 2 }) };
}

Deno.test("the last minutes of each plugin are kept, its workers added up", () => {
  const history = new UsageHistory();
  for (let time = 0; time < 400; time++) history.add(time, [figures("a", time, 2)]);
  const { times, memory, processor } = history.of({ name: "a", version: "1" });
  assertEquals([times.length, times.at(-1), memory.at(-1), processor.at(-1)], [150, 399, 798, 4]);
});

Deno.test("a plugin that is gone is forgotten", () => {
  const history = new UsageHistory();
  history.add(1, [figures("a", 1), figures("b", 1)]);
  history.add(2, [figures("b", 1)]);
  assertEquals([history.of({ name: "a", version: "1" }).times, history.of({ name: "b", version: "1" }).times], [[], [1, 2]]);
});
