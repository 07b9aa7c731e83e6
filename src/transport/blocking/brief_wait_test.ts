import { assert, assertEquals } from "@std/assert";
import { BriefWait } from "./brief_wait.ts";

/** How often it is looked until a wait is over. */
function looksOf(wait: BriefWait, isSo: (look: number) => boolean): { readonly came: boolean; readonly looks: number } {
  let looks = 0;
  const came = wait.until(() => isSo(++looks));
  return { came, looks };
}

Deno.test("a brief wait ends as soon as it has come true", () => {
  const wait = new BriefWait(1_000);
  for (let round = 0; round < 5; round++) assertEquals(looksOf(wait, (look) => look === 40), { came: true, looks: 40 });
});

Deno.test("a brief wait that was in vain three times in a row is no wait for a while, and then is tried again", () => {
  const wait = new BriefWait(0.01);
  const outcomes = Array.from({ length: 204 }, () => looksOf(wait, () => false));
  assertEquals(outcomes.some(({ came }) => came), false);
  const waited = outcomes.map(({ looks }) => looks > 1);
  assertEquals([waited.slice(0, 3), waited.slice(3, 203).includes(true), waited[203]], [[true, true, true], false, true]);
});

Deno.test("one wait that was not in vain is enough to go on", () => {
  const wait = new BriefWait(0.01);
  for (let round = 0; round < 10; round++) {
    looksOf(wait, () => false);
    looksOf(wait, () => false);
    assert(looksOf(wait, () => true).came);
  }
  assert(looksOf(wait, () => false).looks > 1);
});
