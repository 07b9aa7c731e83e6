import { assertEquals } from "@std/assert";
import { configurationForm, methodForm } from "./fields.ts";

function inputs(properties: Record<string, unknown>): [string, string][] {
  return methodForm({ arguments: { type: "object", properties } }).fields.map(({ name, input }) => [name, input.kind]);
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
  const [beams, text] = methodForm({ arguments: { properties, required: ["text"] } }).fields;
  assertEquals(beams, {
    name: "beams",
    isRequired: false,
    description: "How many",
    standard: "5",
    input: { kind: "number", step: "1", min: 1, max: undefined },
  });
  assertEquals([text!.isRequired, text!.standard], [true, ""]);
});

Deno.test("what no fields can show is written as one object, and the form says why", () => {
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`a${at}`, {}]));
  const forms = [
    methodForm({}),
    methodForm({ arguments: { type: "object" } }),
    methodForm({ arguments: { anyOf: [{ type: "object", properties: {} }, { type: "object" }] } }),
    methodForm({ arguments: { $ref: "#" } }),
    methodForm({ arguments: { properties: many } }),
  ].map(({ isWhole, fields }) => [isWhole, fields.map(({ name, input }) => [name, input.kind === "json" ? input.reason : ""])]);
  assertEquals(forms, [
    [true, [["arguments", "The plugin does not say what it takes"]]],
    [true, [["arguments", "The plugin does not say which members it takes"]]],
    [true, [["arguments", "It takes one of 2 kinds of objects"]]],
    [true, [["arguments", "The plugin does not say which members it takes"]]],
    [true, [["arguments", "It takes 1000 values, and a form has up to 200 fields"]]],
  ]);
});

Deno.test("an object that is described elsewhere in its schema has fields", () => {
  const $defs = { All: { type: "object", properties: { text: { $ref: "#/$defs/Text" } } }, Text: { type: "string" } };
  const { fields, isWhole } = methodForm({ arguments: { $ref: "#/$defs/All", $defs } });
  assertEquals([isWhole, fields.map(({ name, input }) => [name, input.kind])], [false, [["text", "text"]]]);
});

Deno.test("a configuration names files by their paths", () => {
  const { fields } = configurationForm({ type: "object", properties: { model: { type: "string", format: "path" } } });
  assertEquals(fields.map(({ input }) => input.kind), ["text"]);
});
