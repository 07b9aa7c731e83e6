import { assertEquals, assertThrows } from "@std/assert";
import type { Field } from "./fields.ts";
import { argumentsOf, FieldError } from "./page/given_values.js";

function field(name: string, input: Field["input"]): Field {
  return { name, isRequired: false, description: "", standard: "", input };
}

const FIELDS = [
  field("text", { kind: "text" }),
  field("loud", { kind: "switch" }),
  field("share", { kind: "number", step: "any", min: undefined, max: undefined }),
  field("model", { kind: "choice", choices: ["small", 3] }),
  field("box", { kind: "json", reason: "" }),
];

Deno.test("what is typed becomes the value that it stands for", () => {
  const given = { text: "5", loud: false, share: "1e3", model: "1", box: '{"b": [1]}' };
  assertEquals(argumentsOf(FIELDS, given), { text: "5", loud: false, share: 1_000, model: 3, box: { b: [1] } });
});

Deno.test("what is left empty is no argument", () => {
  assertEquals(argumentsOf(FIELDS, { text: "", share: "", box: undefined }), {});
});

Deno.test("what cannot be meant is told with its field", () => {
  assertThrows(() => argumentsOf(FIELDS, { box: "small" }), FieldError, '"box" is no JSON');
  assertThrows(() => argumentsOf(FIELDS, { share: "x" }), FieldError, '"share" is no number');
});
