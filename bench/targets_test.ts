import { assertEquals } from "@std/assert";
import type { Results } from "./results.ts";
import { exponentOf, targetsOf } from "./targets.ts";

function resultsWith(values: Record<string, Record<string, number[]>>): Results {
  const peers = Object.entries(values).map(([name, own]) => [name, { run: "", values: own, notes: {} }]);
  return { run: "2026-01-01T00:00:00.000Z", mode: "full", machine: {}, peers: Object.fromEntries(peers) };
}

function verdict(results: Results, beginning: string): [string, boolean | undefined] {
  const { measured, met } = targetsOf(results).find(({ wanted }) => wanted.startsWith(beginning))!;
  return [measured, met];
}

Deno.test("a target that is reached is met, with the ratio and its spread", () => {
  const results = resultsWith({ "ours-python-http": { "call.p50_us": [110, 120] }, "fetch-python": { "call.p50_us": [100, 100] } });
  assertEquals(verdict(results, "A call over HTTP, Python plugin: at most 1.15"), ["1.15 × ±4%", true]);
});

Deno.test("a target that is missed is not met", () => {
  const results = resultsWith({ "ours-python": { "call.p50_us": [300] }, "appose": { "call.p50_us": [100] } });
  assertEquals(verdict(results, "A call: below appose"), ["3.00 ×", false]);
});

Deno.test("a large result is held against the peers' of the same size", () => {
  const results = resultsWith({ "ours-python": { "result/1048576.ms": [2] }, "execnet": { "result/1048576.ms": [1] } });
  assertEquals(verdict(results, "A result of 1 MB: at most execnet's"), ["2.00 ×", false]);
  assertEquals(verdict(results, "A result of 16 MB: at most execnet's"), ["not measured", undefined]);
});

Deno.test("what was not measured is neither met nor missed", () => {
  assertEquals(verdict(resultsWith({}), "A call: below execnet"), ["not measured", undefined]);
});

Deno.test("10,000 calls a second are wanted only where the bare loop reaches them", () => {
  const open = (perSecond: number): Record<string, number[]> => ({ "open64.per_s": [perSecond] });
  const slow = resultsWith({ "ours-deno-http": open(8_000), "fetch-deno": open(7_900) });
  const fast = resultsWith({ "ours-deno-http": open(8_000), "fetch-deno": open(15_000) });
  const eight = resultsWith({ "ours-deno-http": open(8_000), "ours-deno-http-8": open(12_000), "fetch-deno": open(15_000) });
  assertEquals([slow, fast, eight].map((results) => verdict(results, "Calls a second over HTTP, Deno")[1]), [true, false, true]);
});

Deno.test("against the original its better face counts", () => {
  const results = resultsWith({
    "ours-python": { "call.p50_us": [100] },
    "cjm-blocking": { "call.p50_us": [30_000] },
    "cjm-async": { "call.p50_us": [5_000] },
  });
  assertEquals(verdict(results, "A call: 100 ×"), ["50.00 ×", false]);
});

Deno.test("the cost of an argument may grow as the machine's own copy does, and not much faster", () => {
  const MB = 1024 * 1024;
  const copies = { "memcpy": { [`argument/${MB}.ms`]: [1], [`argument/${16 * MB}.ms`]: [32], [`argument/${64 * MB}.ms`]: [181] } };
  const growing = (exponent: number) =>
    Object.fromEntries([1, 4, 16, 64].map((times) => [`growth-argument/${times * MB}.ms`, [times ** exponent]]));
  const verdicts = [1.4, 2].map((exponent) =>
    verdict(resultsWith({ ...copies, "ours-python": growing(exponent) }), "Cost by size of an argument, Python")
  );
  assertEquals(verdicts, [["exponent 1.40", true], ["exponent 2.00", false]]);
});

Deno.test("an exponent needs three sizes", () => {
  const two = resultsWith({ "ours-python": { "growth-stream/5000.ms": [1], "growth-stream/10000.ms": [2] } });
  const three = resultsWith({ "ours-python": { ...two.peers["ours-python"]!.values, "growth-stream/20000.ms": [4] } });
  assertEquals(exponentOf(two, "ours-python", ["stream", "ms"]), undefined);
  assertEquals(exponentOf(three, "ours-python", ["stream", "ms"]), 1);
});
