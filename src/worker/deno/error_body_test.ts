import { assertEquals, assertMatch } from "@std/assert";
import { errorBody } from "./error_body.ts";

Deno.test("An error body names the class of what was thrown, also of a class that sets no name", () => {
  class NoModelError extends Error {}
  assertEquals(errorBody("plugin_error", new NoModelError("x")).type, "NoModelError");
  assertEquals(errorBody("plugin_error", new RangeError("x")).type, "RangeError");
  assertEquals(errorBody("plugin_error", new DOMException("x", "TimeoutError")).type, "TimeoutError");
});

Deno.test("Memory that cannot be had is a matter of resources, and any other number that is out of range one of the caller's", () => {
  const category = (thrown: unknown) => errorBody("plugin_error", thrown).category;
  assertEquals(category(new RangeError("Array buffer allocation failed")), "resource");
  assertEquals(category(new RangeError("WebAssembly.Memory(): could not allocate memory")), "resource");
  assertEquals(category(new RangeError("Invalid array length")), "user_input");
});

Deno.test("What is thrown and is no error is told as it is", () => {
  const cases: readonly (readonly [unknown, string, string])[] = [["no", "string", "no"], [null, "null", "null"], [
    { a: 1 },
    "object",
    '{"a":1}',
  ], [
    undefined,
    "undefined",
    "undefined",
  ]];
  for (const [thrown, type, message] of cases) {
    const body = errorBody("plugin_error", thrown);
    assertEquals([body.type, body.message, body.traceback], [type, message, ""]);
  }
});

Deno.test("An error body's traceback goes down to the cause", () => {
  const error = new Error("outer", { cause: new TypeError("inner") });
  error.stack = "Error: outer\n    at plugin (file:///plugin.ts:1:1)";
  (error.cause as Error).stack = "TypeError: inner\n    at plugin (file:///plugin.ts:2:2)";
  assertMatch(errorBody("plugin_error", error).traceback, /^Error: outer\n {4}at .*\nCaused by: TypeError: inner\n {4}at .*$/);
});

Deno.test("A traceback ends where the worker's own frames begin", () => {
  const error = new Error("x");
  error.stack = `Error: x\n    at plugin (file:///plugin.ts:1:1)\n    at run (${
    import.meta.resolve("./inline_runner.ts")
  }:1:1)\n    at dispatch (ext:x)`;
  assertEquals(errorBody("plugin_error", error).traceback, "Error: x\n    at plugin (file:///plugin.ts:1:1)");
});

Deno.test("An error may say of itself what kind it is and whether to try again", () => {
  const own = Object.assign(new Error("gpu is full"), { category: "resource", retriable: false });
  const body = errorBody("plugin_error", own);
  assertEquals([body.category, body.retriable], ["resource", false]);
  assertEquals(errorBody("plugin_error", new TypeError("x")).category, "user_input");
  assertEquals(errorBody("plugin_error", new Error("x")).retriable, false);
});

Deno.test("An error whose members throw is still told by its class", () => {
  class MuteError extends Error {
    override get message(): string {
      throw new Error("no words for it");
    }
    override get stack(): string {
      throw new Error("no words for it");
    }
  }
  const body = errorBody("plugin_error", new MuteError());
  assertEquals([body.type, body.message, body.traceback], ["MuteError", "", ""]);
});
