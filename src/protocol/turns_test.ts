import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Turns } from "./turns.ts";

Deno.test("Turns gives out no more turns than there are", async () => {
  const turns = new Turns(2);
  await turns.acquire();
  await turns.acquire();
  void turns.acquire();
  assertEquals([turns.taken, turns.waiting], [2, 1]);
});

Deno.test("Turns admits those who wait in the order in which they came", async () => {
  const turns = new Turns(1);
  const first = await turns.acquire();
  const order: string[] = [];
  const visits = ["a", "b", "c"].map(async (name) => {
    using _turn = await turns.acquire();
    order.push(name);
  });
  first[Symbol.dispose]();
  await Promise.all(visits);
  assertEquals(order, ["a", "b", "c"]);
  assertEquals([turns.taken, turns.waiting], [0, 0]);
});

Deno.test("Turns lets nobody overtake one who waits", async () => {
  const turns = new Turns(1);
  const first = await turns.acquire();
  const order: string[] = [];
  const waiting = turns.acquire().then((turn) => {
    order.push("waiting");
    return turn;
  });
  first[Symbol.dispose]();
  const late = turns.acquire().then(() => order.push("late"));
  (await waiting)[Symbol.dispose]();
  await late;
  assertEquals(order, ["waiting", "late"]);
});

Deno.test("Turns lets one who gives up leave from the middle of the line", async () => {
  const turns = new Turns(1);
  const first = await turns.acquire();
  const abort = new AbortController();
  const second = turns.acquire(abort.signal);
  const third = turns.acquire();
  abort.abort(new Error("gave up"));
  await assertRejects(() => second, Error, "gave up");
  assertEquals(turns.waiting, 1);
  first[Symbol.dispose]();
  await third;
  assertEquals([turns.taken, turns.waiting], [1, 0]);
});

Deno.test("Turns takes no turn for a signal that has aborted before", async () => {
  const turns = new Turns(1);
  await assertRejects(() => turns.acquire(AbortSignal.abort(new Error("too late"))), Error, "too late");
  assertEquals(turns.taken, 0);
});

Deno.test("Turns gives a turn on once, however often it is disposed of", async () => {
  const turns = new Turns(1);
  const turn = await turns.acquire();
  turn[Symbol.dispose]();
  await turns.acquire();
  turn[Symbol.dispose]();
  assertEquals(turns.taken, 1);
});

Deno.test("Turns does not take a turn away when its signal aborts later", async () => {
  const turns = new Turns(1);
  const abort = new AbortController();
  const first = await turns.acquire();
  const second = turns.acquire(abort.signal);
  first[Symbol.dispose]();
  abort.abort();
  assert((await second)[Symbol.dispose]);
  assertEquals(turns.taken, 1);
});

Deno.test("Turns refuses a number of turns that is none", () => {
  for (const most of [0, -1, 1.5, NaN]) assertThrows(() => new Turns(most), RangeError, "whole number");
});
