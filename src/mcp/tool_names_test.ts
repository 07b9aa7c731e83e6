import { assertEquals } from "@std/assert";
import { pluginsByTool } from "./tool_names.ts";

function namesOf(...plugins: string[]): [string, string][] {
  return [...pluginsByTool(plugins)];
}

Deno.test("a tool is called as its plugin", () => {
  assertEquals(namesOf("whisper", "a-b_C9"), [["whisper", "whisper"], ["a-b_C9", "a-b_C9"]]);
});

Deno.test("a name that assistants refuse is made one that they take", () => {
  assertEquals(namesOf("a b/ü"), [["a_b__", "a b/ü"]]);
  assertEquals(namesOf("x".repeat(100)), [["x".repeat(64), "x".repeat(100)]]);
});

Deno.test("no two plugins have the same tool, and a name that can stay does", () => {
  assertEquals(namesOf("a.b", "a b", "a_b"), [["a_b", "a_b"], ["a_b_2", "a.b"], ["a_b_3", "a b"]]);
  const [, second] = namesOf(`${"x".repeat(64)}1`, `${"x".repeat(64)}2`);
  assertEquals(second![0], `${"x".repeat(62)}_2`);
});
