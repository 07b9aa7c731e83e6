import { assertEquals } from "@std/assert";
import { exitError, reportedError } from "./failures.ts";

Deno.test("what a worker ran when it ended is told once for each name, and each call of it is counted", () => {
  const exit = { code: 3, signal: null, outOfMemory: false };
  const said = (calls: readonly string[]) => exitError("p", exit, { output: "", calls }).message.split(". ")[0];
  assertEquals(said([]), 'The worker of "p" ended with exit code 3');
  assertEquals(said(["execute"]), 'The worker of "p" ended with exit code 3 while it ran "execute"');
  const many = ["execute", "shout", "execute", "execute"];
  assertEquals(said(many), 'The worker of "p" ended with exit code 3 while it ran "execute" (3 calls), "shout"');
  assertEquals(exitError("p", exit, { output: "", calls: many }).calls, many);
});

Deno.test("whoever has a worker started again is not advised to have it started again", () => {
  const exit = { code: 3, signal: null, outOfMemory: false };
  const said = (isReplaced: boolean) => exitError("p", exit, { output: "last", calls: ["execute"], isReplaced }).message;
  assertEquals([said(false).includes('have "restart" in its manifest do it'), said(true).includes("restart")], [true, false]);
  assertEquals(said(true).endsWith('what is "idempotent". It printed last: last'), true);
});

Deno.test("an error that says nothing is told by its class alone", () => {
  const body = { code: "plugin_error", message: "", type: "KeyError", traceback: "", category: "fatal", retriable: false } as const;
  assertEquals(reportedError(body, { plugin: "p", member: "execute" }).message, '"execute" of "p" failed with KeyError');
  const said = { ...body, message: "'x'" };
  assertEquals(reportedError(said, { plugin: "p", member: "execute" }).message, `"execute" of "p" failed with KeyError: 'x'`);
});
