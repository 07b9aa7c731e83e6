import { assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { restartPolicy } from "../manifest/load.ts";
import type { RestartMode } from "../manifest/manifest.ts";
import { Restarts } from "./restarts.ts";

const CRASH = { code: 1, signal: null, outOfMemory: false };
const CLEAN = { code: 0, signal: null, outOfMemory: false };

function open(mode: RestartMode): Restarts {
  return new Restarts(restartPolicy(mode));
}

Deno.test("A worker is started again never, on failure, or always", () => {
  const kinds = (mode: RestartMode) => [CRASH, CLEAN].map((exit) => open(mode).after(exit).kind);
  assertEquals(kinds("never"), ["stay_down", "stay_down"]);
  assertEquals(kinds("on_failure"), ["restart", "stay_down"]);
  assertEquals(kinds("always"), ["restart", "restart"]);
});

Deno.test("The wait doubles with each crash, and half of it is left to chance", () => {
  let chance = 1;
  using _random = stub(Math, "random", () => chance);
  const slow = open("on_failure");
  assertEquals([slow.after(CRASH), slow.after(CRASH)], [{ kind: "restart", delayMs: 200 }, { kind: "restart", delayMs: 400 }]);
  chance = 0;
  const quick = open("on_failure");
  assertEquals([quick.after(CRASH), quick.after(CRASH)], [{ kind: "restart", delayMs: 100 }, { kind: "restart", delayMs: 200 }]);
});

Deno.test("The third crash within five minutes is the last, and a failed start counts as one", () => {
  let now = 0;
  using _clock = stub(performance, "now", () => now);
  const restarts = open("always");
  restarts.after(CRASH);
  restarts.after();
  now = 299_999;
  assertEquals(restarts.after(CRASH), { kind: "breaker", crashes: 3, windowMs: 300_000 });
});

Deno.test("Crashes that are older than five minutes are forgotten", () => {
  let now = 0;
  using _clock = stub(performance, "now", () => now);
  using _random = stub(Math, "random", () => 1);
  const restarts = open("always");
  restarts.after(CRASH);
  restarts.after(CRASH);
  now = 300_000;
  assertEquals(restarts.after(CRASH), { kind: "restart", delayMs: 200 });
});
