import { assert, assertEquals } from "@std/assert";
import { BriefSleep } from "./brief_sleep.ts";
import { bellMemory, ThreadBell } from "./thread_bell.ts";

/** A thread that rings a bell, or what it is told to do with one, so many milliseconds after it was told. */
function ringer(what: "ring" | "wake"): { ringAfter(ms: number): void; bell: ThreadBell } & Disposable {
  const source = `import { ThreadBell } from ${JSON.stringify(new URL("./thread_bell.ts", import.meta.url).href)};
    self.onmessage = ({ data: { memory, ms } }) => setTimeout(() => new ThreadBell(memory).${what}(), ms);`;
  const thread = new Worker(`data:text/javascript,${encodeURIComponent(source)}`, { type: "module" });
  const bell = new ThreadBell(bellMemory());
  return {
    bell,
    ringAfter: (ms) => thread.postMessage({ memory: bell.memory, ms }),
    [Symbol.dispose]: () => thread.terminate(),
  };
}

const always = () => true;

for (const what of ["ring", "wake"] as const) {
  Deno.test(`a thread that sleeps is woken by ${what}(), and by nothing else`, () => {
    using other = ringer(what);
    assertEquals(other.bell.sleep(5, always), false);
    other.ringAfter(20);
    assertEquals(other.bell.sleep(10_000, always), true);
    assertEquals(other.bell.sleep(5, always), false);
  });
}

Deno.test("a thread does not sleep for what has come, and wakes nobody who does not sleep", () => {
  const bell = new ThreadBell(bellMemory());
  assertEquals([bell.sleep(10_000, () => false), bell.wake()], [true, false]);
});

Deno.test("a bell that is rung while nobody sleeps is found rung, once", async () => {
  const bell = new ThreadBell(bellMemory());
  bell.ring();
  assertEquals(await bell.untilRung(), false);
  bell.silence();
  const alive = setInterval(() => {}, 1_000);
  const rung = bell.untilRung();
  bell.ring();
  assertEquals(await rung, true);
  clearInterval(alive);
});

Deno.test("a thread sleeps only when what it waited for last came soon, and goes back to its event loop from time to time", () => {
  const bell = new ThreadBell(bellMemory());
  const sleep = new BriefSleep(bell);
  assertEquals(sleep.begin(() => false), false);
  sleep.end();
  let slept = 0;
  while (sleep.begin(() => false)) slept++;
  assert(slept > 0 && slept <= 16, `it slept ${slept} times`);
  sleep.begin(always);
  assertEquals(sleep.begin(() => false), false);
});
