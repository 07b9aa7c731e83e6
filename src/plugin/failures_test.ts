import { assertEquals } from "@std/assert";
import { exitError } from "./failures.ts";

Deno.test("what a worker ran when it ended is told once for each name, and each call of it is counted", () => {
  const exit = { code: 3, signal: null, outOfMemory: false };
  const said = (calls: readonly string[]) => exitError("p", exit, { output: "", calls }).message.split(". ")[0];
  assertEquals(said([]), 'The worker of "p" ended with exit code 3');
  assertEquals(said(["execute"]), 'The worker of "p" ended with exit code 3 while it ran "execute"');
  const many = ["execute", "shout", "execute", "execute"];
  assertEquals(said(many), 'The worker of "p" ended with exit code 3 while it ran "execute" (3 calls), "shout"');
  assertEquals(exitError("p", exit, { output: "", calls: many }).calls, many);
});
