import { assertEquals } from "@std/assert";
import { fieldsOf } from "./fields.ts";

function inputs(properties: Record<string, unknown>): [string, string][] {
  return fieldsOf({ arguments: { type: "object", properties } }).map(({ name, input }) => [name, input.kind]);
}

Deno.test("each argument has the field that suits its type", () => {
  assertEquals(
    inputs({
      text: { type: "string" },
      many: { type: "integer" },
      share: { type: "number" },
      loud: { type: "boolean" },
      model: { enum: ["small", "large"] },
      audio: { type: "string", format: "binary" },
      folder: { type: "string", format: "path" },
      perhaps: { anyOf: [{ type: "string" }, { type: "null" }] },
      either: { anyOf: [{ type: "string" }, { type: "integer" }] },
      box: { $ref: "#/nowhere" },
      tags: { type: "array" },
      untold: true,
    }).map(([, kind]) => kind),
    ["text", "number", "number", "switch", "choice", "file", "file", "text", "json", "json", "json", "json"],
  );
});

Deno.test("a field tells what is needed, what it is, and what is taken otherwise", () => {
  const properties = { beams: { type: "integer", minimum: 1, default: 5, description: "How many" }, text: { type: "string" } };
  const [beams, text] = fieldsOf({ arguments: { properties, required: ["text"] } });
  assertEquals(beams, {
    name: "beams",
    isRequired: false,
    description: "How many",
    standard: "5",
    input: { kind: "number", step: "1", min: 1, max: undefined },
  });
  assertEquals([text!.isRequired, text!.standard], [true, ""]);
});

Deno.test("a method of which nothing is known has no fields, and a form has not more than a person can read", () => {
  assertEquals(fieldsOf({}), []);
  const properties = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`a${at}`, {}]));
  assertEquals(fieldsOf({ arguments: { properties } }).length, 200);
});
