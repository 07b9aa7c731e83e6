import { assertEquals } from "@std/assert";
import { descendantsOf, parseProcesses } from "./process_tree.ts";

const LISTING = `
    1     0  1000 Ss   Sun Nov 22 10:00:00 2026
   10     1  2000 Sl   Sun Nov 22 10:00:01 2026
   11    10  3000 R+   Sun Nov 22 10:00:02 2026
   12    11  4000 S    Sun Nov 22 10:00:03 2026
   13    11     0 Z    Sun Nov 22 10:00:04 2026
   14     1  5000 S    Sun Nov 22 10:00:05 2026
`;

Deno.test("a process's descendants are found at any depth, without those that have ended", () => {
  assertEquals(descendantsOf(10, parseProcesses(LISTING)).map(({ pid }) => pid), [11, 12]);
});

Deno.test("a process is known by its number and its start", () => {
  assertEquals(parseProcesses(LISTING)[2], { pid: 11, parent: 10, residentKb: 3000, started: "Sun Nov 22 10:00:02 2026" });
});
