import { assert, assertEquals } from "@std/assert";
import { configurationForm, methodForm } from "./fields.ts";
import type { Field, FieldInput, ObjectInput } from "./form.ts";

function fieldsOf(properties: Record<string, unknown>, root: Record<string, unknown> = {}): readonly Field[] {
  const { named } = methodForm({ arguments: { type: "object", properties, ...root } });
  return (named as ObjectInput).fields;
}

function inputOf(schema: unknown): FieldInput {
  return fieldsOf({ one: schema }, { required: ["one"] })[0]!.input;
}

Deno.test("each argument has the field that suits its type", () => {
  const kinds = fieldsOf({
    text: { type: "string" },
    many: { type: "integer" },
    share: { type: "number" },
    loud: { type: "boolean" },
    model: { enum: ["small", "large"] },
    only: { const: 1 },
    audio: { type: "string", format: "binary" },
    folder: { type: "string", format: "path" },
    perhaps: { anyOf: [{ type: "string" }, { type: "null" }] },
    either: { anyOf: [{ type: "string" }, { type: "integer" }] },
    lines: { type: ["string", "array"] },
    tags: { type: "array" },
    map: { type: "object" },
    box: { $ref: "#/nowhere" },
    untold: true,
    never: false,
    unknown: { type: "date" },
  }).map(({ name, input }) => `${name}: ${input.kind}`);
  assertEquals(kinds, [
    ...["text: text", "many: number", "share: number", "loud: switch", "model: choice", "only: choice", "audio: file", "folder: file"],
    ...[
      "perhaps: text",
      "either: union",
      "lines: union",
      "tags: list",
      "map: object",
      "box: json",
      "untold: json",
      "never: json",
      "unknown: json",
    ],
  ]);
});

Deno.test("a field tells what is needed, what it is, and what is taken otherwise", () => {
  const properties = { beams: { type: "integer", minimum: 1, default: 5, description: "How many" }, text: { type: "string" } };
  const [beams, text] = fieldsOf(properties, { required: ["text"] });
  assertEquals(beams, {
    name: "beams",
    isRequired: false,
    description: "How many",
    standard: "5",
    input: { kind: "number", isWhole: true, min: 1 },
  });
  assertEquals([text!.isRequired, text!.standard], [true, ""]);
});

Deno.test("limits and formats are those of the schema, and what is none of JSON Schema is none", () => {
  assertEquals(inputOf({ type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1, multipleOf: 0.1, minimum: "x" }), {
    kind: "number",
    isWhole: false,
    above: 0,
    below: 1,
    step: 0.1,
  });
  assertEquals(inputOf({ type: "string", format: "date", maxLength: 10, pattern: "^2" }), {
    kind: "text",
    format: "date",
    max: 10,
    pattern: "^2",
  });
  assertEquals(inputOf({ type: "string", format: "nonsense" }), { kind: "text", format: "any" });
});

Deno.test("lists, tuples, maps and objects have inputs in them", () => {
  const number: FieldInput = { kind: "number", isWhole: false };
  assertEquals(inputOf({ type: "array", items: { type: "number" }, minItems: 1, uniqueItems: true }), {
    kind: "list",
    first: [],
    rest: number,
    isSet: true,
    min: 1,
  });
  const tuple = inputOf({ type: "array", prefixItems: [{ type: "number" }], items: false });
  assertEquals(tuple, { kind: "list", first: [number], isSet: false, max: 1 });
  assertEquals(inputOf({ type: "array", items: [{ type: "number" }], additionalItems: false }), tuple);
  assertEquals(inputOf({ type: "object", additionalProperties: { type: "number" } }), { kind: "object", fields: [], others: number });
  const box = inputOf({ type: "object", properties: { a: { type: "number" } }, required: ["a"], additionalProperties: false });
  assertEquals(box, { kind: "object", fields: [{ name: "a", isRequired: true, description: "", standard: "", input: number }] });
});

Deno.test("the kinds of a union have names, and null is one where leaving out is not the same", () => {
  const titlesOf = (schema: object, isRequired = true) => {
    const [field] = fieldsOf({ one: schema }, isRequired ? { required: ["one"] } : {});
    return field!.input.kind === "union" ? field!.input.options.map(({ title }) => title) : field!.input.kind;
  };
  const object = (name: string, title?: string) => ({ type: "object", title, properties: { [name]: {} } });
  assertEquals(titlesOf({ oneOf: [object("a"), object("b", "Bee"), { type: "string" }, { type: "string" }] }), [
    "object with a",
    "Bee",
    "text (3)",
    "text (4)",
  ]);
  assertEquals(titlesOf({ type: ["string", "null"] }), ["text", "null"]);
  assertEquals(titlesOf({ type: ["string", "null"], default: "en" }, false), ["text", "null"]);
  assertEquals(titlesOf({ type: ["string", "null"], default: null }, false), "text");
});

Deno.test("what all parts of a schema say holds", () => {
  const $defs = { Base: { type: "object", properties: { a: { type: "string" } }, required: ["a"] } };
  const more = { allOf: [{ $ref: "#/$defs/Base" }, { properties: { b: { type: "integer" } }, required: ["b"] }], description: "Both" };
  const [field] = fieldsOf({ one: more }, { $defs });
  const { fields } = field!.input as ObjectInput;
  assertEquals(fields.map(({ name, isRequired }) => [name, isRequired]), [["a", true], ["b", true]]);
  const either = {
    type: "object",
    properties: { a: { type: "string" }, b: { type: "string" } },
    anyOf: [{ required: ["a"] }, { required: ["b"] }],
  };
  const options = inputOf(either);
  assert(options.kind === "union");
  assertEquals(options.options.map(({ input }) => (input as ObjectInput).fields.map(({ isRequired }) => isRequired)), [[true, false], [
    false,
    true,
  ]]);
});

Deno.test("a schema that holds itself is one input that is shared, and neither depth nor size has the server work for ever", () => {
  const node = { type: "object", properties: { next: { $ref: "#/properties/node" }, text: { type: "string" } }, required: ["next"] };
  const { named, shared } = methodForm({ arguments: { type: "object", properties: { node } } });
  const found = (named as ObjectInput).fields[0]!.input as ObjectInput;
  assertEquals(found.fields.map(({ input }) => input.kind), ["shared", "text"]);
  assertEquals(shared, { 0: found });

  let deep: Record<string, unknown> = { type: "string" };
  for (let depth = 0; depth < 3_000; depth++) deep = { type: "array", items: deep };
  assert(JSON.stringify(inputOf(deep)).includes("too deep for a form"));

  const $defs = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`L${at}`, bothOf(`#/$defs/L${at + 1}`)]));
  const wide = methodForm({ arguments: { type: "object", properties: { all: { $ref: "#/$defs/L0" } }, $defs } });
  assert(JSON.stringify(wide).includes("The form has 500 fields already"));

  for (const loop of [{ $ref: "#" }, { allOf: [{ $ref: "#" }] }, { anyOf: [{ $ref: "#" }] }]) {
    assertEquals(methodForm({ arguments: loop }).named.kind, "json");
  }
});

function bothOf($ref: string): object {
  return { type: "object", properties: { left: { $ref }, right: { $ref } } };
}

Deno.test("what no fields can show is written as one object, and the form says why", () => {
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`a${at}`, {}]));
  const reasons = [
    methodForm({}),
    methodForm({ arguments: { type: "object" } }),
    methodForm({ arguments: { anyOf: [{ type: "object", properties: {} }, { type: "object" }] } }),
    methodForm({ arguments: { $ref: "#" } }),
    methodForm({ arguments: { properties: many } }),
    methodForm({ arguments: { enum: Array.from({ length: 2_000 }, (_, at) => at) } }),
  ].map(({ named }) => named.kind === "json" ? named.reason : named.kind);
  assertEquals(reasons, [
    "The plugin does not say what it takes",
    "The plugin does not say which members it takes",
    "The plugin does not say which members it takes",
    "The plugin does not say which members it takes",
    "It takes 1000 values, and a form has up to 200 fields",
    "The plugin does not say which members it takes",
  ]);
  assertEquals(inputOf({ enum: Array.from({ length: 2_000 }, (_, at) => at) }).kind, "json");
});

Deno.test("an object that is described elsewhere in its schema has fields", () => {
  const $defs = { All: { type: "object", properties: { text: { $ref: "#/$defs/Text" } } }, Text: { type: "string" } };
  const { named } = methodForm({ arguments: { $ref: "#/$defs/All", $defs } });
  assertEquals((named as ObjectInput).fields.map(({ name, input }) => [name, input.kind]), [["text", "text"]]);
});

Deno.test("arguments without names are a list", () => {
  const positional = {
    type: "array",
    prefixItems: [{ $ref: "#/$defs/Text" }],
    items: { type: "integer" },
    minItems: 1,
    $defs: { Text: { type: "string" } },
  };
  assertEquals(methodForm({ arguments: { type: "object", properties: {} }, positional }).positional, {
    kind: "list",
    first: [{ kind: "text", format: "any" }],
    rest: { kind: "number", isWhole: true },
    isSet: false,
    min: 1,
  });
});

Deno.test("a configuration names files by their paths, wherever they stand", () => {
  const path = { type: "string", format: "path" };
  const { named } = configurationForm({ type: "object", properties: { model: path, all: { type: "array", items: path } } });
  const [model, all] = (named as ObjectInput).fields;
  assertEquals([model!.input.kind, all!.input.kind === "list" && all!.input.rest?.kind], ["text", "text"]);
});
