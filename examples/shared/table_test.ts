import { assertEquals } from "@std/assert";
import { tableLines } from "./table.ts";

Deno.test("a table aligns numbers to the right and words to the left", () => {
  assertEquals(tableLines(["n", "start", "word"], [["1", "0.44 s", "a"], ["10", "12.00 s", "long"]]), [
    " n     start   word",
    " 1    0.44 s   a",
    "10   12.00 s   long",
  ]);
});

Deno.test("a minus makes a number only before a digit", () => {
  assertEquals(tableLines(["x", "y"], [["--a", "-1"], ["-b", "\u22122.5"]]), ["x        y", "--a     -1", "-b    \u22122.5"]);
});

Deno.test("a table without rows is its heads", () => {
  assertEquals(tableLines(["a", "b"], []), ["a   b"]);
});
