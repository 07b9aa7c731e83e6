import { assert, assertEquals } from "@std/assert";
import { PEERS } from "../peers.ts";
import FULL from "../results/full.json" with { type: "json" };
import type { Results } from "../results.ts";
import { leadLines, leadsOf } from "./leads.ts";
import { reasonFor } from "./reasons.ts";

function resultsWith(values: Record<string, Record<string, number[]>>): Results {
  const peers = Object.entries(values).map(([name, own]) => [name, { run: "", values: own, notes: {} }]);
  return { run: "2026-01-01T00:00:00.000Z", mode: "full", machine: {}, peers: Object.fromEntries(peers) };
}

function reasonOf(peer: string, key: string): string | undefined {
  return reasonFor(PEERS.find(({ name }) => name === peer)!, key);
}

Deno.test("every cell in which a peer is ahead on the page has its reason", () => {
  const leads = leadsOf(FULL as Results);
  assert(leads.length > 0);
  assertEquals(leads.filter(({ why }) => why === undefined).map(({ peer, what }) => `${peer.title}: ${what}`), []);
});

Deno.test("a peer is ahead with less time, or with more calls", () => {
  const results = resultsWith({
    "ours-python": { "call.p50_us": [50], "open64.per_s": [1000], "stop.ms": [5] },
    "execnet": { "call.p50_us": [40], "open64.per_s": [900], "stop.ms": [5] },
    "pythonia": { "call.p50_us": [60], "open64.per_s": [1100] },
  });
  assertEquals(leadLines(results), [
    "- execnet",
    `  - call p50, µs: 40.0, not 50.0. The reason: ${reasonOf("execnet", "call.p50_us")}.`,
    "- pythonia",
    `  - calls/s, 64 open: 1,100, not 1,000. The reason: ${reasonOf("pythonia", "open64.per_s")}.`,
  ]);
});

Deno.test("beside a lead stands what the peer cannot do, and not what has failed", () => {
  const results = resultsWith({ "ours-python": { "call.p50_us": [50] }, "execnet": { "call.p50_us": [40] } });
  Object.assign(results.peers.execnet!.notes, { cancel: "it cannot cancel a call", stream: "failed in round 1: no answer" });
  assertEquals(leadLines(results)[0], "- execnet (it cannot cancel a call)");
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
