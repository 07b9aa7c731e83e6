import { assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { isDuration, Timer } from "./timer.ts";

/** Stands in for the runtime's timers while `test` runs, and gives the waits that it was asked for. Each is over at once when it is stepped to. */
function withTimers(test: (step: () => void) => void): number[] {
  const pending: (() => void)[] = [];
  // FakeTime takes waits that are too long for the runtime.
  using asked = stub(globalThis, "setTimeout", (action: () => void) => pending.push(action) as never);
  using _cleared = stub(globalThis, "clearTimeout", () => void pending.splice(0));
  test(() => pending.pop()?.());
  return asked.calls.map(({ args }) => args[1] as number);
}

Deno.test("a wait that is longer than setTimeout takes is made of several, and calls back once", () => {
  let calls = 0;
  const waits = withTimers((step) => {
    new Timer(2 ** 32, () => calls++);
    for (let steps = 0; steps < 5; steps++) step();
  });
  assertEquals(waits, [2 ** 31 - 1, 2 ** 31 - 1, 2]);
  assertEquals(calls, 1);
});

Deno.test("an infinite wait never calls back, and a short one is one wait", () => {
  let calls = 0;
  const endless = withTimers((step) => {
    new Timer(Infinity, () => calls++);
    for (let steps = 0; steps < 3; steps++) step();
  });
  assertEquals([endless.length, calls], [4, 0]);
  assertEquals(withTimers(() => new Timer(1.5, () => {})), [1.5]);
});

Deno.test("a wait that was disposed does not call back, whichever of its parts it is in", () => {
  let calls = 0;
  withTimers((step) => {
    const timer = new Timer(2 ** 32, () => calls++);
    step();
    timer[Symbol.dispose]();
    step();
  });
  assertEquals(calls, 0);
});

Deno.test("durations are numbers above zero", () => {
  assertEquals([1, 0.5, 2 ** 40, Infinity].filter(isDuration).length, 4);
  assertEquals([0, -1, NaN, -Infinity, "5", null, 5n, {}].filter(isDuration), []);
});
