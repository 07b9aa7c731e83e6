import { assertEquals, assertThrows } from "@std/assert";
import type { Field } from "./fields.ts";
import { argumentsOf, configurationOf, FieldError, shownIn } from "./page/given_values.js";

function field(name: string, input: Field["input"]): Field {
  return { name, isRequired: false, description: "", standard: "", input };
}

const FORM = {
  isWhole: false,
  fields: [
    field("text", { kind: "text" }),
    field("loud", { kind: "switch" }),
    field("share", { kind: "number", step: "any", min: undefined, max: undefined }),
    field("model", { kind: "choice", choices: ["small", 3] }),
    field("box", { kind: "json", reason: "" }),
  ],
};

Deno.test("what is typed becomes the value that it stands for", () => {
  const given = { text: "5", loud: false, share: "1e3", model: "1", box: '{"b": [1]}' };
  assertEquals(argumentsOf(FORM, given), { text: "5", loud: false, share: 1_000, model: 3, box: { b: [1] } });
});

Deno.test("what is left empty is no argument", () => {
  assertEquals(argumentsOf(FORM, { text: "", share: "", box: undefined }), {});
});

Deno.test("what cannot be meant is told with its field", () => {
  assertThrows(() => argumentsOf(FORM, { box: "small" }), FieldError, '"box" is no JSON');
  assertThrows(() => argumentsOf(FORM, { share: "x" }), FieldError, '"share" is no number');
});

Deno.test("of a configuration only what somebody has changed is changed", () => {
  const form = { ...FORM, current: { text: "a", share: 1, model: 3, hidden: [1] } };
  assertEquals(configurationOf(form, {}), form.current);
  assertEquals(configurationOf(form, { text: "b", share: "" }), { text: "b", model: 3, hidden: [1] });
  assertEquals(FORM.fields.map((one) => shownIn(one, form)), ["a", undefined, "1", "1", undefined]);
});

Deno.test("what is written as one object is taken as it is, and must be one", () => {
  const form = { isWhole: true, fields: [field("all", { kind: "json", reason: "" })], current: { a: 1 } };
  assertEquals([argumentsOf(form, {}), configurationOf(form, {})], [{}, { a: 1 }]);
  assertEquals([argumentsOf(form, { all: '{"b": 2}' }), configurationOf(form, { all: '{"b": 2}' })], [{ b: 2 }, { b: 2 }]);
  assertEquals(shownIn(form.fields[0]!, form), '{\n  "a": 1\n}');
  for (const all of ["[1]", "null", "3"]) assertThrows(() => argumentsOf(form, { all }), FieldError, '"all" is no object');
});
