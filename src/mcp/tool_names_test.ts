import { assertEquals } from "@std/assert";
import { mayBeMethodOf, pluginsByTool, toolsOfMethods } from "./tool_names.ts";

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

Deno.test("a method's tool is called after its plugin, and by nobody else's name", () => {
  const plugins = new Map([["a", "a"], ["a-b", "a-b"]]);
  assertEquals([...toolsOfMethods("a", ["b", "c", "d-e", "größe"], plugins)], [
    ["a-b_2", "b"],
    ["a-c", "c"],
    ["a-d_e", "d-e"],
    ["a-gr__e", "größe"],
  ]);
  assertEquals([...toolsOfMethods("a", ["x.y", "x_y"], plugins)], [["a-x_y", "x.y"], ["a-x_y_2", "x_y"]]);
  for (const method of ["m", "m".repeat(63), "m".repeat(100)]) {
    const [[tool]] = [...toolsOfMethods("p".repeat(64), [method], plugins)] as [[string, string]];
    assertEquals([tool.length <= 64, mayBeMethodOf("p".repeat(64), tool)], [true, true]);
  }
  assertEquals([mayBeMethodOf("a", "a-c"), mayBeMethodOf("b", "a-c"), mayBeMethodOf("a", "a")], [true, false, false]);
});
