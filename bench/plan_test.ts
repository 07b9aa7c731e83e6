import { assert, assertEquals } from "@std/assert";
import { PEERS } from "./peers.ts";
import { stepsFor } from "./plan.ts";

const OURS = PEERS.find(({ name }) => name === "ours-python")!;
const ECHO = PEERS.find(({ name }) => name === "socket-echo")!;

Deno.test("every peer is started first, and measured at what it was given alone", () => {
  assertEquals(stepsFor(ECHO, "full").map(({ key }) => key), ["start", "call"]);
});

Deno.test("each step has a name of its own", () => {
  const keys = stepsFor(OURS, "full").map(({ key }) => key);
  assertEquals(new Set(keys).size, keys.length);
});

Deno.test("the quick bench measures no more kinds of things than the full one, and no doublings", () => {
  const full = new Set(stepsFor(OURS, "full").map(({ family }) => family));
  const quick = new Set(stepsFor(OURS, "quick").map(({ family }) => family));
  assert(quick.isSubsetOf(full) && full.has("growth") && !quick.has("growth"));
});

Deno.test("memory is looked at from outside", () => {
  assertEquals(stepsFor(OURS, "quick").find(({ key }) => key === "memory")?.measure, undefined);
});
