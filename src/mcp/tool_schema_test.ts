import { assertEquals } from "@std/assert";
import { GIVEN_FILE, inputSchema, outputSchema } from "./tool_schema.ts";

Deno.test("a tool's arguments have what the plugin says of them", () => {
  const beams = { type: "integer", minimum: 1, default: 5, description: "How many" };
  const told = {
    type: "object",
    properties: { beams, model: { enum: ["small", "large"] } },
    required: ["model"],
    additionalProperties: false,
  };
  assertEquals(inputSchema({ arguments: told }, "local"), { ...told, type: "object" });
});

Deno.test("arguments of which nothing is known may be anything", () => {
  assertEquals(inputSchema({}, "local"), { type: "object" });
});

Deno.test("a file is told as a text that a client can send, from this machine or from elsewhere", () => {
  const told = { type: "object", properties: { audio: { type: "string", format: "binary", description: "A recording" } } };
  const textOf = (files: "local" | "remote") => inputSchema({ arguments: told }, files).properties;
  assertEquals(textOf("local"), {
    audio: { type: "string", description: "A recording\nA file: its path, or its bytes as a data: URL in base64" },
  });
  assertEquals(textOf("remote"), { audio: { type: "string", description: "A recording\nA file: its bytes as a data: URL in base64" } });
});

Deno.test("arguments without a name are a list, whose definitions are not those of the named ones", () => {
  const Box = (type: string) => ({ $defs: { Box: { type } } });
  const schema = inputSchema({
    arguments: { type: "object", properties: { one: { $ref: "#/$defs/Box" } }, ...Box("object") },
    positional: { type: "array", prefixItems: [{ $ref: "#/$defs/Box" }], minItems: 1, ...Box("array") },
  }, "local");
  assertEquals(schema, {
    type: "object",
    properties: { one: { $ref: "#/$defs/Box" }, args: { type: "array", prefixItems: [{ $ref: "#/$defs/args.Box" }], minItems: 1 } },
    required: ["args"],
    $defs: { Box: { type: "object" }, "args.Box": { type: "array" } },
  });
});

Deno.test("what a schema should not have does not go through it", () => {
  const arguments_ = { type: "object", $ref: "https://example.com/schema", $id: "https://example.com", $dynamicRef: "#x", properties: 3 };
  assertEquals(inputSchema({ arguments: arguments_ }, "local"), { type: "object", properties: {} });
  let deep: Record<string, unknown> = {};
  for (let i = 0; i < 20_000; i++) deep = { items: deep };
  assertEquals(JSON.stringify(inputSchema({ arguments: deep }, "local")).length < 3_000, true);
  const long = inputSchema({ arguments: { properties: { a: { description: "x".repeat(100_000) } } } }, "local");
  assertEquals(JSON.stringify(long).length < 21_000, true);
});

Deno.test("a result is told where it is more than a text or a file", () => {
  assertEquals(outputSchema({ type: "object", properties: { text: { type: "string" } } }), {
    type: "object",
    properties: { text: { type: "string" } },
  });
  for (const schema of [undefined, {}, { type: "string" }, { type: "string", format: "binary" }, { type: "null" }]) {
    assertEquals(outputSchema(schema), undefined);
  }
});

Deno.test("for a file inside a result stands what tells of it", () => {
  const given = outputSchema({ type: "array", items: { type: "string", format: "binary" } });
  assertEquals(given, { type: "array", items: GIVEN_FILE });
  assertEquals(outputSchema({ type: "string", format: "path" }), undefined);
  assertEquals(outputSchema({ type: "array", items: { type: "string", format: "path" } }), {
    type: "array",
    items: { anyOf: [{ type: "string" }, GIVEN_FILE] },
  });
});
