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

Deno.test("small calls are measured in each placement, and what has no placement comes wherever the system likes", () => {
  const placements = (family: string) => stepsFor(OURS, "full").filter((step) => step.family === family).map(({ placement }) => placement);
  assertEquals(placements("call"), ["two"]);
  assertEquals(new Set(placements("placed")), new Set(["one", "busy"] as const));
  assertEquals(placements("stream"), [undefined]);
});

Deno.test("a look at processor time alone takes one core", () => {
  assertEquals(stepsFor(OURS, "work").map(({ key }) => key), ["start", "one/call", "one/open64"]);
});

Deno.test("memory is looked at from outside", () => {
  assertEquals(stepsFor(OURS, "quick").find(({ key }) => key === "memory")?.measure, undefined);
});
