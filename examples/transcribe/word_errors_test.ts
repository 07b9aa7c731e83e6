import { assertEquals } from "@std/assert";
import { wordErrorRate, wordsOf } from "./word_errors.ts";

Deno.test("words are compared without capitals and punctuation", () => {
  assertEquals(wordsOf("I'm here, Today."), ["i'm", "here", "today"]);
});

for (
  const [said, heard, rate] of [
    ["a b c d", "a b c d", 0],
    ["a b c d", "a x c d", 0.25],
    ["a b c d", "a c d", 0.25],
    ["a b c d", "a b x c d", 0.25],
    ["a b c d", "", 1],
    ["a b", "b a", 1],
    ["a", "x y z", 3],
  ] as const
) {
  Deno.test(`the word error rate of "${heard}" for "${said}" is ${rate}`, () => assertEquals(wordErrorRate(said, heard), rate));
}
