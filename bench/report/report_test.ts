import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Results } from "../results.ts";
import { cell, readable, sizeText, spreadOf } from "./columns.ts";
import { renderPage } from "./page.ts";
import { renderPlot } from "./plot.ts";
import { renderText } from "./text.ts";

const RESULTS: Results = {
  run: "2026-01-01T00:00:00.000Z",
  mode: "full",
  machine: { cores: "2", system: "Linux <6>", deno: "2.9", python: "3.11", node: "20" },
  peers: {
    "ours-python": { run: "2026-01-01T00:00:00.000Z", values: { "call.p50_us": [100, 110, 120], "open64.per_s": [9_000] }, notes: {} },
    "execnet": { run: "earlier", version: "execnet 2", values: { "call.p50_us": [70] }, notes: { cancel: "it cannot cancel a call" } },
  },
};

Deno.test("numbers have the digits that they deserve", () => {
  assertEquals([1_234_567, 99.44, 1.234, 0.01234, NaN].map(readable), ["1,234,567", "99.4", "1.23", "0.012", ""]);
});

Deno.test("spread is half the range as a share of the median, the range where that is more, and nothing for one round", () => {
  assertEquals(spreadOf({ median: 100, least: 90, most: 130, rounds: 3 }), " ±20%");
  assertEquals(spreadOf({ median: 100, least: 100, most: 100, rounds: 1 }), "");
  assertEquals(spreadOf({ median: 0, least: 0, most: 2, rounds: 3 }), " (0.000 to 2.00)");
  assertEquals(spreadOf({ median: 0, least: 0, most: 0, rounds: 3 }), " ±0%");
});

Deno.test("a cell tells a value, or that there is a reason for none", () => {
  assertEquals(cell(RESULTS, "ours-python", "call.p50_us"), "110 ±9%");
  assertEquals(cell(RESULTS, "execnet", "cancel.free_ms"), "–");
  assertEquals(cell(RESULTS, "execnet", "stream.per_s"), "");
});

Deno.test("sizes are written as people do", () => {
  assertEquals([1024, 64 * 1024 * 1024].map(sizeText), ["1 KB", "64 MB"]);
});

Deno.test("the page names what is missing, and who was measured in another run", () => {
  const page = renderPage(RESULTS);
  assertStringIncludes(page, "- execnet: `cancel`: it cannot cancel a call");
  assertStringIncludes(page, "Not measured in the same run as the rest: execnet.");
});

Deno.test("the page has the gateway's tables and targets where that was measured", () => {
  const values = { "open64.per_s": [20_000], "attack-10 streams.p50_ms": [2], "attack-10 streams.most_ms": [9] };
  const peers = {
    gateway: { run: "", values, notes: { file: "no room" } },
    bare: { run: "", values: { "open64.per_s": [30_000] }, notes: {} },
  };
  const page = renderPage(RESULTS, { ...RESULTS, peers });
  assertStringIncludes(page, "| `remote-plugin serve` |  | 20,000 |");
  assertStringIncludes(page, "| 10 streams | 2.00 | 9.00 |");
  assertStringIncludes(page, "0.67 × | met |");
  assertStringIncludes(page, "`remote-plugin serve`: `file`: no room");
  assert(!renderPage(RESULTS).includes("Plugins over the network"));
});

Deno.test("the terminal's table has a row for each peer that was measured", () => {
  const text = renderText(RESULTS);
  assert(text.includes("execnet") && !text.includes("MCP"));
});

Deno.test("the plot is well-formed, with a dot for each value, and text that cannot break it", () => {
  const plot = renderPlot(RESULTS);
  assertStringIncludes(plot, "Linux &lt;6&gt;");
  const legend = 3;
  assertEquals(plot.split("<circle").length - 1, legend + 3);
  assertEquals(plot.split("<g>").length, plot.split("</g>").length);
});

Deno.test("without any results there is a page and a plot still", () => {
  const none: Results = { ...RESULTS, peers: {} };
  assertStringIncludes(renderPage(none), "not measured");
  assertStringIncludes(renderPlot(none), "</svg>");
});
