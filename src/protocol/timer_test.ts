import { assertEquals } from "@std/assert";
import { isDuration, Timer } from "./timer.ts";

/** Stands in for the runtime's timers while `test` runs, and gives the waits that it was asked for. Each is over at once when it is stepped to. */
function withTimers(test: (step: () => void) => void): number[] {
  const { setTimeout: real, clearTimeout: realClear } = globalThis;
  const waits: number[] = [];
  let pending: (() => void) | undefined;
  globalThis.setTimeout = ((action: () => void, milliseconds: number) => {
    waits.push(milliseconds);
    pending = action;
    return waits.length;
  }) as unknown as typeof setTimeout;
  globalThis.clearTimeout = () => pending = undefined;
  try {
    test(() => {
      const action = pending;
      pending = undefined;
      action?.();
    });
  } finally {
    globalThis.setTimeout = real;
    globalThis.clearTimeout = realClear;
  }
  return waits;
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
