import { assertEquals } from "@std/assert";
import { typeSchema } from "./type_schema.ts";

Deno.test("a schema is reduced to what its type depends on", () => {
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Options",
    type: "object",
    properties: { beams: { type: "integer", title: "Beams", minimum: 1, default: 5, description: "How many" } },
    required: ["beams", "not_there"],
    additionalProperties: false,
  };
  assertEquals(typeSchema(schema), { type: "object", properties: { beams: { type: "integer" } }, required: ["beams"] });
  assertEquals(typeSchema(schema, { keepsTexts: true }), {
    title: "Options",
    type: "object",
    properties: { beams: { type: "integer", description: "How many" } },
    required: ["beams"],
  });
});

Deno.test("older ways of writing mean the same", () => {
  const old = { definitions: { A: { type: "string" } }, items: [{ $ref: "#/definitions/A" }], additionalItems: false, minItems: 1 };
  const now = { $defs: { A: { type: "string" } }, prefixItems: [{ $ref: "#/$defs/A" }], items: false, minItems: 1 };
  assertEquals(typeSchema(old), typeSchema(now));
  assertEquals(typeSchema({ const: 1 }), typeSchema({ enum: [1] }));
  assertEquals(typeSchema({ oneOf: [{ type: "null" }] }), typeSchema({ anyOf: [{ type: "null" }] }));
  assertEquals(typeSchema({ type: "string", format: "file-path" }), typeSchema({ type: "string", format: "path" }));
});

Deno.test("what no type can say, and what is elsewhere, is unknown", () => {
  assertEquals(typeSchema({ $ref: "file:///etc/passwd" }), {});
  assertEquals(typeSchema({ $ref: "https://example.com/schema.json#/a" }), {});
  assertEquals(typeSchema({ tsType: "string; evil()", if: {}, then: false, properties: 5, anyOf: "x", items: 3 }), {});
  assertEquals(typeSchema({ properties: { a: true, b: false, c: 7 } }), { properties: { a: {}, b: { not: {} }, c: {} } });
});
