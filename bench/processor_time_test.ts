import { assertEquals } from "@std/assert";
import { parseStats, usedBetween } from "./processor_time.ts";

const line = (pid: number, name: string, [user, system]: [number, number]): string =>
  `${pid} (${name}) S 1 7 7 0 -1 4194304 103 0 0 0 ${user} ${system} 900 900 20 0 1 0 700011`;

Deno.test("processor time is the program's own and the kernel's, whatever the program's name", () => {
  const text = `${line(7, "deno", [12, 3])}\n${line(9, "a) R 1 (b", [1, 0])}\n`;
  assertEquals([...parseStats(text)], [[7, 150], [9, 10]]);
});

Deno.test("what was used between two looks leaves out what came or went meanwhile", () => {
  assertEquals(usedBetween(new Map([[1, 100], [2, 50]]), new Map([[1, 130], [3, 900]])), 30);
});

Deno.test("where there is no /proc there are no times", () => {
  assertEquals(parseStats("").size, 0);
});
