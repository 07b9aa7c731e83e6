import { assertEquals } from "@std/assert";
import type { Results } from "../results.ts";
import { leadLines, leadsOf } from "./leads.ts";

function resultsWith(values: Record<string, Record<string, number[]>>): Results {
  const peers = Object.entries(values).map(([name, own]) => [name, { run: "", values: own, notes: {} }]);
  return { run: "2026-01-01T00:00:00.000Z", mode: "full", machine: {}, peers: Object.fromEntries(peers) };
}

Deno.test("a peer is ahead with less time, or with more calls", () => {
  const results = resultsWith({
    "ours-python": { "call.p50_us": [50], "open64.per_s": [1000], "stop.ms": [5] },
    "execnet": { "call.p50_us": [40], "open64.per_s": [900], "stop.ms": [5] },
    "pythonia": { "call.p50_us": [60], "open64.per_s": [1100] },
  });
  assertEquals(leadLines(results), [
    "- execnet: call p50, µs: 40.0, not 50.0",
    "- pythonia: calls/s, 64 open: 1,100, not 1,000",
  ]);
});

Deno.test("beside a lead stands what the peer cannot do, and not what has failed", () => {
  const results = resultsWith({ "ours-python": { "call.p50_us": [50] }, "execnet": { "call.p50_us": [40] } });
  Object.assign(results.peers.execnet!.notes, { cancel: "it cannot cancel a call", stream: "failed in round 1: no answer" });
  assertEquals(leadLines(results), ["- execnet (it cannot cancel a call): call p50, µs: 40.0, not 50.0"]);
});

Deno.test("placements, processor time and sizes are looked at as well, and each value once", () => {
  const values = (value: number): Record<string, number[]> => ({
    "call.p50_us": [value],
    "busy/call.p50_us": [value],
    "one/open64.work_us": [value],
    "result/65536.ms": [value],
  });
  assertEquals(leadsOf(resultsWith({ "ours-python": values(2), "execnet": values(1) })).map(({ what }) => what), [
    "call p50, µs",
    "call p50, µs, beside a busy process",
    "processor µs, 64 open, both",
    "result 64 KB",
  ]);
});

Deno.test("floors and other rows of this project are no peers, and what was not measured is no lead", () => {
  const results = resultsWith({
    "ours-python": { "call.p50_us": [50] },
    "lines-python": { "call.p50_us": [1] },
    "mcp": { "stop.ms": [1] },
  });
  assertEquals(leadLines(results), []);
});
