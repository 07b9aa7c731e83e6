import { assertEquals } from "@std/assert";
import { placedTargets } from "./placed_targets.ts";
import type { Results } from "./results.ts";

type Values = Record<string, number[]>;

function resultsWith(values: Record<string, Values>): Results {
  const peers = Object.entries(values).map(([name, own]) => [name, { run: "", values: own, notes: {} }]);
  return { run: "2026-01-01T00:00:00.000Z", mode: "full", machine: {}, peers: Object.fromEntries(peers) };
}

function verdict(values: Record<string, Values>, wanted: string): [string, boolean | undefined] {
  const { measured, met } = placedTargets(resultsWith(values)).find((target) => target.wanted === wanted)!;
  return [measured, met];
}

/** A value in the three placements: one core, two cores, and beside a busy process. */
function inThree(key: string, [one, two, busy]: readonly [number, number, number]): Values {
  return { [`one/${key}`]: [one], [key]: [two], [`busy/${key}`]: [busy] };
}

Deno.test("a call is below a peer's when it is so in each placement", () => {
  const times = (own: [number, number, number]): [string, boolean | undefined] =>
    verdict({ "ours-python": inThree("call.p50_us", own), "execnet": inThree("call.p50_us", [100, 100, 100]) }, "A call: below execnet");
  assertEquals(times([90, 50, 99]), ["0.90 · 0.50 · 0.99 ×", true]);
  assertEquals(times([101, 50, 60]), ["1.01 · 0.50 · 0.60 ×", false]);
  assertEquals(times([90, 50, 100]), ["0.90 · 0.50 · 1.00 ×", false]);
});

Deno.test("a placement that was not measured leaves a target open, unless another one misses it", () => {
  const times = (own: number): [string, boolean | undefined] =>
    verdict({ "ours-python": { "call.p50_us": [own] }, "pythonia": { "call.p50_us": [100] } }, "A call: below pythonia");
  assertEquals(times(50), ["– · 0.50 · – ×", undefined]);
  assertEquals(times(150), ["– · 1.50 · – ×", false]);
});

Deno.test("more calls a second are better", () => {
  const own = inThree("open64.per_s", [200, 200, 200]);
  const wanted = "Calls a second, 64 open: more than python-shell";
  const verdicts = [100, 300].map((busy) =>
    verdict({ "ours-python": own, "python-shell": inThree("open64.per_s", [100, 100, busy]) }, wanted)[1]
  );
  assertEquals(verdicts, [true, false]);
});

Deno.test("processor time is held against the lines of the same runtime, round by round", () => {
  const values = {
    "ours-deno": { "one/call.work_us": [130, 260], "one/open64.work_us": [20] },
    "lines-deno": { "one/call.work_us": [100, 200], "one/open64.work_us": [10] },
  };
  assertEquals(verdict(values, "Processor time, Deno plugin, 1 open: at most 1.3 × lines"), ["1.30 × ±0%", true]);
  assertEquals(verdict(values, "Processor time, Deno plugin, 64 open: at most 1.7 × lines"), ["2.00 ×", false]);
  assertEquals(verdict(values, "Processor time, Python plugin, 1 open: at most 1.3 × lines"), ["not measured", undefined]);
});

Deno.test("the slowest calls are held against the median of the same round", () => {
  const own = { ...inThree("call.p50_us", [50, 50, 50]), ...inThree("call.p99_us", [90, 90, 100]) };
  assertEquals(verdict({ "ours-python": own }, "p99 of a call, Python plugin: below 2 × its median"), ["1.80 · 1.80 · 2.00 ×", false]);
});

Deno.test("memory is held against a peer's as each process has it; what is shared stands beside it and is no target", () => {
  const memory = (rss: number, pss: number): Values => ({ "memory.worker_mb": [rss], "memory.worker_pss_mb": [pss] });
  const values = { "ours-python": memory(22, 9), "execnet": memory(15, 10) };
  assertEquals(verdict(values, "Memory of a Python worker: at most execnet's"), ["1.47 ×", false]);
  assertEquals(verdict(values, "The same, with each shared page counted once"), ["0.90 ×", undefined]);
});
