import { assertEquals } from "@std/assert";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { SilenceWatch } from "./silence.ts";

/** A watch of 4,000 ms over something that gives a sign of life whenever it is set, and when it had been silent for too long. */
function watchOver(clock: FakeClock): { watch: SilenceWatch; sign: () => void; tooLongAt: () => number | undefined } {
  let [last, tooLongAt]: [number, number | undefined] = [0, undefined];
  const watch = new SilenceWatch({ limitMs: 4_000, onTooLong: () => tooLongAt ??= clock.now });
  watch.listen(() => last);
  return { watch, sign: () => last = clock.now, tooLongAt: () => tooLongAt };
}

Deno.test("silence is counted from the last sign of life", () => {
  using clock = new FakeClock();
  const { sign, tooLongAt } = watchOver(clock);
  clock.run(3_900);
  sign();
  clock.run(3_999);
  assertEquals(tooLongAt(), undefined);
  clock.run(1);
  assertEquals(tooLongAt(), 1_000 + 3_900 + 4_000);
});

Deno.test("no silence counts while somebody holds it, and all of it does afterwards", () => {
  using clock = new FakeClock();
  const { watch, tooLongAt } = watchOver(clock);
  clock.run(3_000);
  const [one, other] = [watch.hold(), watch.hold()];
  clock.run(9_000);
  watch.pause();
  watch.listen(() => 0);
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  clock.run(9_000);
  assertEquals(tooLongAt(), undefined);
  other[Symbol.dispose]();
  clock.run(3_999);
  assertEquals(tooLongAt(), undefined);
  clock.run(1);
  assertEquals(tooLongAt() !== undefined, true);
});

Deno.test("what is let go while nobody listens does not count", () => {
  using clock = new FakeClock();
  const { watch, tooLongAt } = watchOver(clock);
  const hold = watch.hold();
  watch.pause();
  hold[Symbol.dispose]();
  clock.run(9_000);
  assertEquals(tooLongAt(), undefined);
});

Deno.test("a host that was stopped for longer than the limit takes nobody for silent whose signs it could not see", () => {
  using clock = new FakeClock();
  const { sign, tooLongAt } = watchOver(clock);
  clock.run(1_900);
  sign();
  clock.run(100);
  clock.stop(6_000);
  // What has come is read in the turns after the timers.
  clock.run(1);
  sign();
  clock.run(3_900);
  assertEquals(tooLongAt(), undefined);
});

Deno.test("when the other side was stopped with the host, its silence before and after is what counts", () => {
  using clock = new FakeClock();
  const { sign, tooLongAt } = watchOver(clock);
  clock.run(1_900);
  sign();
  clock.run(300);
  clock.stop(60_000);
  clock.run(3_699);
  assertEquals(tooLongAt(), undefined);
  // The step of a quarter in which it was stopped is waited for again.
  clock.run(1_000);
  assertEquals(tooLongAt() !== undefined, true);
});
