import { assertEquals } from "@std/assert";
import { Tokens } from "./tokens.ts";

const tokens = new Tokens({ callers: ["one", "two", "a secret"], operators: ["chief"] });

Deno.test("a token tells whose it is, and what its holder may do", () => {
  const holders = ["Bearer one", "bearer  two", "Bearer a secret", "Bearer chief"].map((given) => tokens.holderOf(given));
  assertEquals(holders.map((holder) => [holder?.role, holder?.client]), [
    ["caller", "caller 1"],
    ["caller", "caller 2"],
    ["caller", "caller 3"],
    ["operator", "operator 1"],
  ]);
});

Deno.test("what is no token, or nobody's, lets nobody in", () => {
  for (const given of [null, "", "one", "Bearer", "Bearer ", "Bearer on", "Bearer onee", "Bearer One", "Basic one", "Bearer one two"]) {
    assertEquals(tokens.holderOf(given), undefined, `"${given}"`);
  }
});

Deno.test("a token with one more character behind it is nobody's, however many bytes that takes", () => {
  for (const more of ["x", "é", "\u20ac", "👍", "\ud83d"]) {
    for (const token of ["one", "a secret", "chief"]) assertEquals(tokens.holderOf(`Bearer ${token}${more}`), undefined, `${token}${more}`);
  }
});
