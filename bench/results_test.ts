import { assertEquals } from "@std/assert";
import { figureOf, growthExponent, ratioOf, type Results, rounded } from "./results.ts";

const RESULTS: Results = {
  run: "2026-01-01T00:00:00.000Z",
  mode: "full",
  machine: {},
  peers: {
    fast: { run: "", values: { "call.p50_us": [10, 20, 30] }, notes: {} },
    slow: { run: "", values: { "call.p50_us": [40, 60, 150, 1_000] }, notes: {} },
  },
};

Deno.test("a figure is the median of the rounds with their range", () => {
  assertEquals(figureOf(RESULTS, "fast", "call.p50_us"), { median: 20, least: 10, most: 30, rounds: 3 });
});

Deno.test("what was not measured has no figure", () => {
  assertEquals(figureOf(RESULTS, "fast", "stream.per_s"), undefined);
  assertEquals(figureOf(RESULTS, "absent", "call.p50_us"), undefined);
});

Deno.test("a ratio is taken round by round, over the rounds that both have", () => {
  const ratio = ratioOf(RESULTS, ["slow", "call.p50_us"], ["fast", "call.p50_us"]);
  assertEquals(ratio, { median: 4, least: 3, most: 5, rounds: 3 });
});

Deno.test("cost that grows with the size has exponent 1, with its square 2, and a fixed cost 0", () => {
  const sizes = [1, 2, 4, 8];
  const grown = [(size: number) => 5 * size, (size: number) => size ** 2, () => 7].map((cost) => growthExponent(sizes, sizes.map(cost)));
  assertEquals(grown.map((exponent) => Math.round(exponent * 1e6) / 1e6), [1, 2, 0]);
});

Deno.test("results keep four digits", () => {
  assertEquals([rounded(123_456), rounded(0.0123456)], [123_500, 0.01235]);
});
