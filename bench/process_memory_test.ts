import { assertEquals } from "@std/assert";
import { parseRollups } from "./process_memory.ts";

Deno.test("the memory of each process is its part of what several share", () => {
  const text = "/proc/7/smaps_rollup:Pss:                4534 kB\n/proc/12/smaps_rollup:Pss:                 120 kB\n";
  assertEquals([...parseRollups(text)], [[7, 4534], [12, 120]]);
});

Deno.test("where the kernel tells nothing there is no memory", () => {
  assertEquals(parseRollups("").size, 0);
});
