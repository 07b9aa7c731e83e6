import { assertEquals } from "@std/assert";
import { tableLines } from "./table.ts";

Deno.test("columns are as wide as their widest cell, and those of numbers are aligned at their right edge", () => {
  assertEquals(tableLines({ headings: ["NAME", "CALLS", "P50 ms"], rows: [["a", "7", "-"], ["whisper", "1200", "12.5"]] }), [
    "NAME     CALLS  P50 ms",
    "a            7       -",
    "whisper   1200    12.5",
  ]);
});

Deno.test("a wide character takes two columns of a terminal, and one that joins another none", () => {
  assertEquals(tableLines({ headings: ["NAME", "STATE"], rows: [["語", "running"], ["e\u0301", "failed"]] }), [
    "NAME  STATE",
    "語    running",
    "e\u0301     failed",
  ]);
});

Deno.test("a column of words and numbers is one of words, and a missing cell is empty", () => {
  assertEquals(tableLines({ headings: ["A", "B"], rows: [["1"], ["x", "y"]] }), ["A  B", "1", "x  y"]);
});

Deno.test("a table needs no headings and no rows", () => {
  assertEquals(tableLines({ rows: [["--text", "needed"], ["--n"]] }), ["--text  needed", "--n"]);
  assertEquals(tableLines({ rows: [] }), []);
});

Deno.test("large numbers, and columns in which some are missing, are numbers too", () => {
  assertEquals(tableLines({ rows: [["a", "1,234.5"], ["b", ""], ["c", "7"]] }), ["a  1,234.5", "b", "c        7"]);
});
