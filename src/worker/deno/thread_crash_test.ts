import { assertEquals } from "@std/assert";
import { describeCrash } from "./thread_crash.ts";

Deno.test("What the runtime says of a thread that ended is read into type, message and traceback", () => {
  const cases = [
    ["Uncaught (in promise) MyErr: at load", "MyErr", "at load"],
    ["SyntaxError: Expression expected\n  |\n1 | const x = = 1", "SyntaxError", "Expression expected"],
    ['Module not found "file:///nope.ts".\n    at \x1b[36mfile:///p.ts\x1b[0m:1:8', "Error", 'Module not found "file:///nope.ts"'],
  ] as const;
  for (const [said, type, message] of cases) {
    const body = describeCrash(said);
    assertEquals([body.type, body.message], [type, message]);
  }
});

Deno.test("The thread's own entry is left out of the traceback", () => {
  assertEquals(describeCrash("Module not found.\n    at data:text/javascript,import%20x:1:2").traceback, "Module not found.");
});
