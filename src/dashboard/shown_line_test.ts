import { assertEquals } from "@std/assert";
import { shownLine } from "./page/shown_line.js";

Deno.test("a line keeps its text, and loses the colours of a terminal", () => {
  assertEquals(shownLine("\x1b[1;31mred\x1b[0m\tשלום <b> 👩‍🚀 é"), "red\tשלום <b> 👩‍🚀 é");
});

Deno.test("what would steer or turn around a line stands as its number", () => {
  assertEquals(shownLine("a\u202eb\x1b]0;t\x07\r\u2066\0"), "a\\u202eb\\x1b]0;t\\x07\\x0d\\u2066\\x00");
});

Deno.test("a very long line is cut, and says how long it was", () => {
  assertEquals(shownLine("y".repeat(65_536)), `${"y".repeat(2_000)} … of 65536 characters`);
  assertEquals(shownLine("y".repeat(2_000)).length, 2_000);
});
