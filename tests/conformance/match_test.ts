import { assertThrows } from "@std/assert";
import { assertMatches, type Expected } from "./match.ts";

function refuses(actual: unknown, expected: Expected): void {
  assertThrows(() => assertMatches(actual, expected), Error, "expected");
}

Deno.test("vector matching: plain JSON has to be the same, with no member more or less", () => {
  assertMatches({ a: [1, null, "x"] }, { a: [1, null, "x"] });
  refuses({ a: 1, b: 2 }, { a: 1 });
  refuses({ a: 1 }, { a: 1, b: 2 });
  refuses([1, 2], [2, 1]);
  refuses("1", 1);
  refuses([], {});
});

Deno.test("vector matching: each matcher takes what it says and nothing else", () => {
  assertMatches(3, { $any: "integer" });
  refuses(3.5, { $any: "integer" });
  assertMatches("abc", { $regex: "^a" });
  refuses("bcd", { $regex: "^a" });
  assertMatches({ a: 1, b: 2 }, { $has: { a: 1 } });
  refuses({ b: 2 }, { $has: { a: 1 } });
  assertMatches({}, { a: { $optional: 1 } });
  refuses({ a: 2 }, { a: { $optional: 1 } });
  assertMatches([2, 1], { $unordered: [1, 2] });
  refuses([1, 1], { $unordered: [1, 2] });
  assertMatches([2, 1], { $includes: 1 });
  refuses([2], { $includes: 1 });
  assertMatches(0.5, { $between: [0, 1] });
  refuses(2, { $between: [0, 1] });
  assertMatches("b", { $oneOf: ["a", "b"] });
  refuses("c", { $oneOf: ["a", "b"] });
  assertMatches("a", { $not: { $regex: "b" } });
  refuses("b", { $not: { $regex: "b" } });
  assertMatches(7, { $var: "pid" }, { pid: 7 });
});

Deno.test("vector matching: an unknown matcher or variable is an error of the vector", () => {
  assertThrows(() => assertMatches(1, { $anny: "integer" }), Error, "no matcher");
  assertThrows(() => assertMatches(1, { $var: "pidd" }), Error, "no variable");
});
