import { assertEquals } from "@std/assert";
import { restartPolicy } from "../manifest/load.ts";
import type { RestartMode } from "../manifest/manifest.ts";
import { Restarts } from "./restarts.ts";

const CRASH = { code: 1, signal: null, outOfMemory: false };
const CLEAN = { code: 0, signal: null, outOfMemory: false };

/** Restarts whose clock stands at `time.now`, and whose chance is `random`. */
function open(mode: RestartMode, random = 1): { restarts: Restarts; time: { now: number } } {
  const time = { now: 0 };
  return { restarts: new Restarts(restartPolicy(mode), { now: () => time.now, random: () => random }), time };
}

Deno.test("A worker is started again never, on failure, or always", () => {
  const kinds = (mode: RestartMode) => [CRASH, CLEAN].map((exit) => open(mode).restarts.after(exit).kind);
  assertEquals(kinds("never"), ["stay_down", "stay_down"]);
  assertEquals(kinds("on_failure"), ["restart", "stay_down"]);
  assertEquals(kinds("always"), ["restart", "restart"]);
});

Deno.test("The wait doubles with each crash, and half of it is left to chance", () => {
  const { restarts: slow } = open("on_failure", 1);
  assertEquals([slow.after(CRASH), slow.after(CRASH)], [{ kind: "restart", delayMs: 200 }, { kind: "restart", delayMs: 400 }]);
  const { restarts: quick } = open("on_failure", 0);
  assertEquals([quick.after(CRASH), quick.after(CRASH)], [{ kind: "restart", delayMs: 100 }, { kind: "restart", delayMs: 200 }]);
});

Deno.test("The third crash within five minutes is the last, and a failed start counts as one", () => {
  const { restarts, time } = open("always");
  restarts.after(CRASH);
  restarts.after();
  time.now = 299_999;
  assertEquals(restarts.after(CRASH), { kind: "breaker", crashes: 3, windowMs: 300_000 });
});

Deno.test("Crashes that are older than five minutes are forgotten", () => {
  const { restarts, time } = open("always");
  restarts.after(CRASH);
  restarts.after(CRASH);
  time.now = 300_000;
  assertEquals(restarts.after(CRASH), { kind: "restart", delayMs: 200 });
});
