import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { Limit } from "./limit.ts";

/** A limit, and when it was reached. */
function limitOf(milliseconds: number, clock: FakeClock): { readonly limit: Limit; readonly reachedAt: () => number | undefined } {
  let reachedAt: number | undefined;
  const limit = new Limit(milliseconds, () => reachedAt ??= clock.now);
  return { limit, reachedAt: () => reachedAt };
}

Deno.test("a limit is reached when its time has passed, and tells what is left of it", () => {
  using clock = new FakeClock();
  const { limit, reachedAt } = limitOf(4_000, clock);
  clock.run(1_500);
  assertEquals([limit.leftMs, limit.lostSince(1_000), reachedAt()], [2_500, 0, undefined]);
  clock.run(2_500);
  assertEquals([reachedAt(), limit.leftMs], [5_000, 0]);
});

Deno.test("time in which the program was stopped does not count, and what came meanwhile can be read before the limit is judged", () => {
  using clock = new FakeClock();
  const { limit, reachedAt } = limitOf(4_000, clock);
  clock.run(2_500);
  clock.stop(6_000);
  assertEquals(limit.leftMs, 2_000);
  clock.run(0);
  assertEquals([limit.lostSince(3_000), limit.lostSince(clock.now), reachedAt()], [6_500, 0, undefined]);
  clock.run(1_999);
  assertEquals(reachedAt(), undefined);
  clock.run(1);
  assertEquals(reachedAt(), 1_000 + 2_500 + 6_000 + 2_000);
});

Deno.test("however often and long a program is stopped, a limit gives all of its time, and little more", () => {
  const times = fc.array(fc.record({ runs: fc.integer({ min: 1, max: 3_000 }), stops: fc.integer({ min: 0, max: 10_000 }) }), {
    maxLength: 6,
  });
  fc.assert(fc.property(fc.integer({ min: 100, max: 4_000 }), times, (limitMs, phases) => {
    using clock = new FakeClock();
    const { reachedAt } = limitOf(limitMs, clock);
    let [ran, stops] = [0, 0];
    for (const { runs, stops: stopped } of [...phases, { runs: 10_000, stops: 0 }]) {
      for (let ms = 0; ms < runs && reachedAt() === undefined; ms++) {
        clock.run(1);
        ran++;
      }
      if (reachedAt() !== undefined) break;
      clock.stop(stopped);
      stops++;
      clock.run(0);
    }
    const step = limitMs / 4;
    // A stop as short as a busy moment counts, and a step in which the program is stopped twice is not waited for a third time.
    return ran >= limitMs - stops * (step + 20) && ran <= limitMs + stops * (step + 20) + 1;
  }));
});

Deno.test("a limit that was disposed, and one without end, are never reached", () => {
  using clock = new FakeClock();
  const [disposed, endless] = [limitOf(100, clock), limitOf(Infinity, clock)];
  clock.run(50);
  disposed.limit[Symbol.dispose]();
  clock.run(2 ** 33);
  assertEquals([disposed.reachedAt(), endless.reachedAt(), endless.limit.leftMs], [undefined, undefined, Infinity]);
});
