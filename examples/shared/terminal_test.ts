import { assertEquals } from "@std/assert";
import { progressBar } from "./terminal.ts";

Deno.test("a progress bar keeps its width from nothing to all", () => {
  const widths = Array.from({ length: 1001 }, (_, i) => progressBar(i / 1000).length);
  assertEquals(new Set(widths), new Set([30]));
});

Deno.test("a progress bar is empty at 0, half full at 0.5 and full at 1", () => {
  assertEquals(progressBar(0), "·".repeat(30));
  assertEquals(progressBar(0.5), "█".repeat(15) + "·".repeat(15));
  assertEquals(progressBar(1), "█".repeat(30));
});

Deno.test("a progress bar grows by eighths of a character", () => {
  assertEquals(progressBar(1 / 240)[0], "▏");
  assertEquals(progressBar(7 / 240)[0], "▉");
});
