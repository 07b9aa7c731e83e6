import { assertEquals, assertRejects } from "@std/assert";
import { WaitingLine } from "./waiting_line.ts";

const NEVER = new AbortController().signal;

Deno.test("those who wait get turns in the order in which they came, as far as there are some", async () => {
  const line = new WaitingLine<number>();
  const turns = [line.join(NEVER), line.join(NEVER), line.join(NEVER)];
  const free = [1, 2];
  line.serve(() => free.shift());
  assertEquals(await Promise.all(turns.slice(0, 2)), [1, 2]);
  assertEquals(line.length, 1);
  line.sendAway();
  assertEquals([await turns[2], line.length], [undefined, 0]);
});

Deno.test("whoever aborts leaves the line with the signal's reason, and is given no turn", async () => {
  const line = new WaitingLine<number>();
  const leaving = new AbortController();
  const [first, second] = [line.join(leaving.signal), line.join(NEVER)];
  leaving.abort(new Error("enough"));
  await assertRejects(() => first, Error, "enough");
  line.serve(() => 7);
  assertEquals(await second, 7);
});

Deno.test("all who wait can be refused, each with an error of his own", async () => {
  const line = new WaitingLine<number>();
  assertEquals(line.refuseAll(() => new Error("nobody hears it")), false);
  const waiting = [line.join(NEVER), line.join(NEVER)];
  let refused = 0;
  assertEquals(line.refuseAll(() => new Error(`refused ${++refused}`)), true);
  const outcomes = await Promise.allSettled(waiting);
  assertEquals(outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason.message), ["refused 1", "refused 2"]);
});
