import { assertEquals } from "@std/assert";
import type { Results } from "../results.ts";
import { gatewayTargets } from "./targets.ts";

function verdicts(values: Record<string, Record<string, number[]>>): Map<string, boolean | undefined> {
  const peers = Object.fromEntries(Object.entries(values).map(([name, own]) => [name, { run: "", values: own, notes: {} }]));
  const results: Results = { run: "2026-01-01T00:00:00.000Z", mode: "gateway", machine: {}, peers };
  return new Map(gatewayTargets(results).map(({ wanted, met }) => [wanted, met]));
}

function only(values: Record<string, Record<string, number[]>>, beginning: string): boolean | undefined {
  return [...verdicts(values)].find(([wanted]) => wanted.startsWith(beginning))![1];
}

Deno.test("the gateway's targets are ratios to a bare server of the same round", () => {
  const bare = { "open64.per_s": [40_000, 20_000], "file.up_ms": [100, 100] };
  const gateway = { "open64.per_s": [21_000, 9_000], "file.up_ms": [301, 310] };
  assertEquals([only({ bare, gateway }, "Calls a second"), only({ bare, gateway }, "64 MiB to a plugin")], [false, false]);
  assertEquals(only({ bare, gateway: { ...gateway, "open64.per_s": [21_000, 11_000] } }, "Calls a second"), true);
});

Deno.test("a file from a plugin is held against an upload, which writes as many bytes to a file", () => {
  const bare = { "file.up_ms": [100], "file.down_ms": [10] };
  assertEquals(only({ bare, gateway: { "file.down_ms": [299] } }, "64 MiB from a plugin"), true);
  assertEquals(only({ bare, gateway: { "file.down_ms": [301] } }, "64 MiB from a plugin"), false);
});

Deno.test("honest clients have to be served in time in every attack", () => {
  const times = { "attack-a.p50_ms": [1, 2], "attack-b.p50_ms": [99, 101, 102] };
  assertEquals(only({ gateway: times }, "Honest client"), false);
  assertEquals(only({ gateway: { ...times, "attack-b.p50_ms": [99] } }, "Honest client"), true);
});

Deno.test("a gateway that was not measured meets and misses nothing", () => {
  assertEquals(new Set(verdicts({}).values()), new Set([undefined]));
});
