import { assertEquals, assertThrows } from "@std/assert";
import type { MethodSignature } from "../../protocol/messages.ts";
import { TextValueError } from "../../plugin/text_values.ts";
import { type FormField, kwargsOf, queryFields } from "./form.ts";

const TEXT = { type: "string" };
const SIGNATURE: MethodSignature = {
  arguments: {
    type: "object",
    properties: {
      audio: { ...TEXT, format: "path" },
      raw: { ...TEXT, format: "binary" },
      title: TEXT,
      beams: { anyOf: [{ type: "integer" }, { type: "null" }] },
      loud: { type: "boolean" },
      tags: { anyOf: [{ type: "array", items: TEXT }, { type: "null" }] },
      model: { enum: ["small", "large"] },
      options: { type: "object" },
      anything: {},
    },
    additionalProperties: false,
  },
};

function field(name: string, value: string | object, mediaType = "text/plain"): FormField {
  return { name, value, mediaType };
}

Deno.test("fields of a form become what the plugin says that it takes", () => {
  const fields = [field("title", "5"), field("beams", "5"), field("loud", "true"), field("model", "small"), field("options", '{"a": 1}')];
  assertEquals(kwargsOf(fields, SIGNATURE), { title: "5", beams: 5, loud: true, model: "small", options: { a: 1 } });
  assertEquals(kwargsOf([field("beams", "null"), field("anything", "[1]")], SIGNATURE), { beams: null, anything: [1] });
});

Deno.test("a list is one field for each item, or one of JSON", () => {
  assertEquals(kwargsOf([field("tags", "1"), field("tags", "2")], SIGNATURE), { tags: ["1", "2"] });
  assertEquals(kwargsOf([field("tags", "1")], SIGNATURE), { tags: ["1"] });
  assertEquals(kwargsOf([field("tags", "null")], SIGNATURE), { tags: null });
  assertEquals(kwargsOf([field("tags", '["a", "b"]')], SIGNATURE), { tags: ["a", "b"] });
});

Deno.test("a file is a file, whatever the plugin says of it, and a text for bytes is these bytes", () => {
  const file = { toTempFile: () => Promise.resolve("/tmp/x") };
  assertEquals(kwargsOf([field("audio", file), field("raw", "ä"), field("title", file)], SIGNATURE), {
    audio: file,
    raw: new TextEncoder().encode("ä"),
    title: file,
  });
});

Deno.test("a field that says that it is JSON is read as such", () => {
  assertEquals(kwargsOf([field("title", '"5"', "application/json")], SIGNATURE), { title: "5" });
  assertThrows(() => kwargsOf([field("title", "5 6", "application/json")], SIGNATURE), TextValueError, '"title" is no JSON');
});

Deno.test("what the plugin does not take is said, with what it takes", () => {
  const cases: [FormField[], string][] = [
    [[field("beams", "many")], '"beams" must be a whole number or null, not "many"'],
    [[field("model", "big")], '"model" must be "small" or "large", not "big"'],
    [[field("titel", "a")], 'There is no argument "titel". The nearest name is "title"'],
    [[field("title", "a"), field("title", "b")], '"title" is given 2 times, and is no list'],
    [[field("beams", "12345678901234567890")], "No number of JavaScript holds 12345678901234567890"],
  ];
  for (const [fields, message] of cases) assertThrows(() => kwargsOf(fields, SIGNATURE), TextValueError, message);
});

Deno.test("a URL's query is fields as well", () => {
  assertEquals(queryFields("http://h/p/execute?a=1&b=x%20y&a=2"), [field("a", "1"), field("b", "x y"), field("a", "2")]);
  assertEquals(queryFields("http://h/p/execute"), []);
  assertEquals(kwargsOf(queryFields("http://h/?x=5&y=b"), {}), { x: 5, y: "b" });
});
