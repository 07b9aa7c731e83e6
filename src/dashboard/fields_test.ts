import { assertEquals, assertThrows } from "@std/assert";
import { type Field, FieldError, fieldsOf, valueOf } from "./fields.ts";

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

Deno.test("what is typed becomes the value that it stands for, and what is left empty nothing", () => {
  const field = (input: Field["input"]): Field => ({ name: "a", isRequired: false, description: "", standard: "", input });
  const number = field({ kind: "number", step: "any", min: undefined, max: undefined });
  const choice = field({ kind: "choice", choices: ["small", 3] });
  const json = field({ kind: "json", reason: "" });
  assertEquals([valueOf(number, "1e3"), valueOf(choice, "1"), valueOf(json, '{"b": [1]}')], [1_000, 3, { b: [1] }]);
  assertEquals([valueOf(field({ kind: "text" }), "5"), valueOf(field({ kind: "switch" }), false)], ["5", false]);
  assertEquals([valueOf(number, ""), valueOf(json, undefined)], [undefined, undefined]);
  assertThrows(() => valueOf(json, "small"), FieldError, '"a" is no JSON');
  assertThrows(() => valueOf(number, "x"), FieldError, '"a" is no number');
});
