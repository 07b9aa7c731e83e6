import { assertEquals, assertRejects } from "@std/assert";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { SendQueue } from "./send_queue.ts";
import type { Turn } from "./turn.ts";

const SMALL = { length: 10, isAlone: false };

/** A queue of a worker with one lane that takes calls ahead. It has as many calls as it takes. */
function fullQueue(): { queue: SendQueue; turns: Turn[] } {
  const queue = new SendQueue(1);
  queue.takesAhead = true;
  const turns: Turn[] = [];
  for (let turn = queue.acquire(SMALL); turn !== undefined; turn = queue.acquire(SMALL)) {
    turn.send();
    turns.push(turn);
  }
  return { queue, turns };
}

Deno.test("calls that wait are sent in order, and in the same moment as many as there is room for", () => {
  const { queue, turns } = fullQueue();
  const sent: number[] = [];
  for (let number = 0; number < 4; number++) {
    queue.wait(SMALL, (turn) => {
      turn.send();
      sent.push(number);
    });
  }
  turns[0]![Symbol.dispose]();
  assertEquals(sent, [0]);
  for (const turn of turns.slice(1, 3)) turn[Symbol.dispose]();
  assertEquals(sent, [0, 1, 2]);
});

Deno.test("a call whose files are written still holds up those behind it until it is sent", () => {
  const { queue, turns } = fullQueue();
  const had: Turn[] = [];
  for (let number = 0; number < 3; number++) queue.wait(SMALL, (turn) => void had.push(turn));
  for (const turn of turns) turn[Symbol.dispose]();
  assertEquals(had.length, 1);
  had[0]!.send();
  assertEquals(had.length, 2);
});

Deno.test("a call that was given up holds up those behind it until its turn is over", () => {
  const { queue, turns: [first, ...others] } = fullQueue();
  for (const turn of others) turn[Symbol.dispose]();
  first!.isGivenUp = true;
  const behind = queue.acquire(SMALL);
  first![Symbol.dispose]();
  assertEquals([behind, queue.acquire(SMALL) !== undefined], [undefined, true]);
});

Deno.test("calls of a worker that has ended hold up those behind them until they are sent to the next one", () => {
  const { queue, turns } = fullQueue();
  for (const turn of turns.slice(2)) turn[Symbol.dispose]();
  for (const turn of turns.slice(0, 2)) turn.isSent = false;
  const seen = [queue.acquire(SMALL)];
  turns[0]!.send();
  seen.push(queue.acquire(SMALL));
  turns[1]!.send();
  assertEquals([seen, queue.acquire(SMALL) !== undefined], [[undefined, undefined], true]);
});

Deno.test("a call that leaves before its turn has come is told why, and lets those behind it have theirs", async () => {
  const { queue, turns } = fullQueue();
  const had: string[] = [];
  const waiting = queue.wait({ length: 10, isAlone: true }, () => void had.push("alone"));
  const next = queue.wait(SMALL, () => void had.push("next"));
  turns[0]![Symbol.dispose]();
  assertEquals(had, []);
  waiting.leave(new Error("enough"));
  waiting.leave(new Error("twice"));
  await assertRejects(() => waiting.sent, Error, "enough");
  await next.sent;
  assertEquals(had, ["next"]);
});

Deno.test("what keeps a call from being sent in its turn is its own error, and those behind it have theirs", async () => {
  const { queue, turns } = fullQueue();
  const failing = queue.wait(SMALL, (turn) => {
    turn[Symbol.dispose]();
    throw new Error("no such id");
  });
  const next = queue.wait(SMALL, (turn) => turn.send());
  turns[0]![Symbol.dispose]();
  await assertRejects(() => failing.sent, Error, "no such id");
  await next.sent;
});

Deno.test("a call behind a long one is wanted for a lane without work after 5 ms, though brief calls come and go there", () => {
  using clock = new FakeClock();
  const { queue, long, behind } = crowdedQueue();
  let wantedAt: number | undefined;
  const since = clock.now;
  behind.holder = { id: "behind", takeBack: () => wantedAt = clock.now };
  long.holder = { id: "long", takeBack: () => {} };
  while (wantedAt === undefined && clock.now - since < 100) {
    clock.run(1);
    callOn(queue)[Symbol.dispose]();
  }
  assertEquals([behind.lane, wantedAt! - since], [long.lane, 5]);
});

Deno.test("a queue whose last call has ended leaves no timer", () => {
  using clock = new FakeClock();
  const { long, behind } = crowdedQueue();
  const during = clock.timers;
  for (const turn of [behind, long]) turn[Symbol.dispose]();
  assertEquals([during, clock.timers], [1, 0]);
});

/** A queue of a worker with two lanes: a call waits behind a long one, and the other lane has no work. */
function crowdedQueue(): { queue: SendQueue; long: Turn; behind: Turn } {
  const queue = new SendQueue(2);
  queue.takesAhead = true;
  for (let brief = 0; brief < 8; brief++) callOn(queue)[Symbol.dispose]();
  const [long, other, behind] = [callOn(queue), callOn(queue), callOn(queue)];
  other[Symbol.dispose]();
  return { queue, long, behind };
}

function callOn(queue: SendQueue): Turn {
  const turn = queue.acquire(SMALL)!;
  turn.send();
  return turn;
}
