import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../exit.ts";
import { duration, readDuration } from "./duration.ts";

Deno.test("a stretch of time is told in its longest unit, rounded down", () => {
  assertEquals([0, 999, 59_999, 60_000, 7_199_999, 86_400_000 * 2.9].map(duration), ["0s", "0s", "59s", "1m", "1h", "2d"]);
  assertEquals(duration(-5), "0s"); // The clock was set back.
});

Deno.test("a stretch of time is read with its unit, and without one it is refused", () => {
  assertEquals(["30d", "1.5h", "2m", "0s"].map((text) => readDuration(text, "--older-than")), [2_592_000_000, 5_400_000, 120_000, 0]);
  for (const text of ["30", "d", "-1d", "1w", ""]) {
    assertThrows(() => readDuration(text, "--older-than"), UsageError, "--older-than must be a number with d, h, m or s");
  }
});
