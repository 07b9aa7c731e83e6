import { assertEquals } from "@std/assert";
import { configurationForm, methodForm } from "./fields.ts";
import type { FieldInput, MethodForm } from "./form.ts";
import { callBody } from "./page/call_body.js";
import { begun, type Given, givenOf, itemOf } from "./page/given.js";
import { merged } from "./page/merged.js";
import { argumentsOf, readGiven } from "./page/read_given.js";

const ADDRESS = { type: "object", properties: { street: { type: "string" }, number: { type: "integer" } }, required: ["street"] };
const SCHEMA = {
  type: "object",
  properties: {
    text: { type: "string" },
    loud: { type: "boolean" },
    share: { type: "number" },
    model: { enum: ["small", 3] },
    box: {},
    tags: { type: "array", items: { type: "string" }, maxItems: 2, uniqueItems: true },
    home: ADDRESS,
    prices: { type: "object", additionalProperties: { type: "number" } },
    id: { anyOf: [{ type: "integer" }, { type: "string" }, ADDRESS] },
    when: { type: "string", format: "date-time" },
  },
};
const FORM = methodForm({ arguments: SCHEMA });

/** What the inputs of a form read, when these members are given. */
function read(form: MethodForm, members: Record<string, Given>): { kwargs: unknown; problems: Record<string, string> } {
  const { kwargs, problems } = argumentsOf(form, { named: { members, others: [] }, positional: undefined });
  return { kwargs, problems: Object.fromEntries(problems) };
}

function problemOf(schema: object, given: Given, isRequired = false): string | undefined {
  const form = methodForm({ arguments: { type: "object", properties: { one: schema }, required: isRequired ? ["one"] : [] } });
  return read(form, { one: given }).problems["/kwargs/one"];
}

Deno.test("what is typed becomes the value that it stands for", () => {
  const given = {
    text: "5",
    loud: false,
    share: "1e3",
    model: "1",
    box: '{"b": [1]}',
    tags: { items: [itemOf("a"), itemOf("")] },
    home: { members: { street: "x", number: "7" }, others: [] },
    prices: { members: {}, others: [{ name: "__proto__", ...itemOf("1.5") }] },
    id: { option: 1, given: "12" },
    when: "2026-01-31T12:00",
  };
  const { kwargs, problems } = read(FORM, given);
  assertEquals(problems, {});
  assertEquals(kwargs, {
    text: "5",
    loud: false,
    share: 1_000,
    model: 3,
    box: { b: [1] },
    tags: ["a", ""],
    home: { street: "x", number: 7 },
    prices: JSON.parse('{"__proto__": 1.5}'),
    id: "12",
    when: new Date("2026-01-31T12:00").toISOString(),
  });
});

Deno.test("what is left empty is no argument", () => {
  assertEquals(read(FORM, { text: "", share: "", box: undefined, when: "" }), { kwargs: {}, problems: {} });
});

Deno.test("what cannot be meant is told beside its field", () => {
  const list = { items: [itemOf("a"), itemOf("a"), itemOf("b")] };
  const { problems } = read(FORM, { box: "small", share: "x", home: { members: { number: "1.5" }, others: [] }, tags: list });
  assertEquals(problems, {
    "/kwargs/share": "This is no number",
    "/kwargs/box": "This is no JSON. A text is written in double quotes",
    "/kwargs/tags": "No two items may be the same",
    "/kwargs/home/street": "This is needed",
    "/kwargs/home/number": "This is no whole number",
  });
});

Deno.test("each limit of a schema has its words", () => {
  const cases: [object, Given, string | undefined][] = [
    [{ type: "number", minimum: 1 }, "0.5", "The least is 1"],
    [{ type: "number", maximum: 1 }, "1.5", "The most is 1"],
    [{ type: "number", exclusiveMinimum: 0 }, "0", "It has to be more than 0"],
    [{ type: "number", exclusiveMaximum: 1 }, "1", "It has to be less than 1"],
    [{ type: "number", multipleOf: 0.1 }, "0.3", undefined],
    [{ type: "number", multipleOf: 0.1 }, "0.35", "It has to be a multiple of 0.1"],
    [{ type: "integer" }, "12345678901234567890", "This is too large for a browser, which would change it"],
    [{ type: "number" }, "1e999", "This is no number"],
    [{ type: "string", minLength: 2 }, "é", "It has to have 2 characters at least"],
    [{ type: "string", maxLength: 1 }, "👩", undefined],
    [{ type: "string", maxLength: 1 }, "ab", "It may have 1 character at most"],
    [{ type: "string", format: "date" }, "?", "This is not complete"],
    [{ type: "string", format: "email" }, "a", "This is no address of e-mail"],
    [{ type: "string", format: "uri" }, "a", 'This is no address such as "https://example.org"'],
    [{ type: "array", minItems: 1 }, { items: [] }, "It has to have 1 item at least"],
    [{ type: "object", minProperties: 1 }, { members: {}, others: [] }, "It has to have 1 member at least"],
    [{ type: "object" }, { json: "[" }, "This is no JSON. A text is written in double quotes"],
  ];
  assertEquals(cases.map(([schema, given]) => problemOf(schema, given)), cases.map(([, , problem]) => problem));
  for (const schema of [{ type: "string" }, { enum: [1, 2] }, {}, { type: "string", format: "binary" }]) {
    assertEquals(problemOf(schema, undefined, true), "This is needed");
  }
  assertEquals(problemOf({ type: "boolean" }, undefined, true), undefined);
});

Deno.test("what somebody adds is there, also when it is empty, and has a name of its own", () => {
  const form = methodForm({
    arguments: { properties: { tags: { type: "array", items: { enum: [1, 2] } } }, additionalProperties: { type: "string" } },
  });
  const named = { members: { tags: { items: [itemOf("")] } }, others: [{ name: "a", ...itemOf("") }, { name: "tags", ...itemOf("x") }] };
  const { kwargs, problems } = argumentsOf(form, { named, positional: undefined });
  assertEquals((kwargs as { a: string }).a, "");
  assertEquals([...problems], [["/kwargs/tags/0", "This is needed"], ["/kwargs/+1", 'There is "tags" already']]);
});

Deno.test("what has to be given is there from the beginning, and what holds itself begins when somebody wants it", () => {
  const node = { type: "object", properties: { next: { $ref: "#/properties/node" } }, required: ["next"] };
  const properties = {
    node,
    kind: { const: "a" },
    on: { type: "boolean" },
    pair: { prefixItems: [{ type: "boolean" }, {}], type: "array", minItems: 2 },
  };
  const form = methodForm({ arguments: { type: "object", properties, required: Object.keys(properties) } });
  const { kwargs, problems } = argumentsOf(form, { named: begun(form.named), positional: undefined });
  assertEquals(kwargs, { node: {}, kind: "a", on: false, pair: [false, undefined] });
  assertEquals([...problems.keys()], ["/kwargs/node/next", "/kwargs/pair/1"]);
  assertEquals(
    (begun({ kind: "list", first: [], isSet: false, min: 1e9, rest: { kind: "switch" } }) as { items: unknown[] }).items.length,
    100,
  );
});

Deno.test("fields show a value, and give the same one back", () => {
  const { named, shared } = FORM;
  const again = (value: unknown) => readGiven(named, givenOf(named, value, shared), { shared, place: "" }).value;
  const values = [
    { text: "a\nb", loud: true, share: -0.5, model: 3, box: null, tags: ["x"], home: { street: "s", number: 1 }, prices: { a: 1 } },
    { id: 5 },
    { id: { street: "s" } },
    { id: "text" },
    { id: [1] },
    { home: 5, tags: "no list" },
    {},
  ];
  for (const value of values) assertEquals(again(value), value);
  assertEquals(again({ text: null, home: null }), {});
});

Deno.test("of a configuration only what somebody has changed is changed", () => {
  const { named, shared } = configurationForm({ type: "object", properties: { text: {}, home: ADDRESS, share: { type: "number" } } });
  const current = { text: null, share: 1, home: { street: "a", hidden: true }, hidden: [1] };
  const valueOf = (given: Given) => readGiven(named, given, { shared, place: "" }).value;
  const shown = givenOf(named, current, shared) as { members: Record<string, Given>; others: [] };
  const before = valueOf(shown);
  assertEquals(merged(current, { before, after: before }), current);
  const home = { members: { street: "b", number: "2" }, others: [] };
  const after = valueOf({ members: { ...shown.members, share: "", home }, others: [] });
  const theirs = { ...current, text: "theirs", home: { street: "a", hidden: true, number: 9 } };
  assertEquals(merged(theirs, { before, after }), { text: "theirs", home: { street: "b", hidden: true, number: 2 }, hidden: [1] });
});

Deno.test("what is written as one object is taken as it is, and must be one", () => {
  const form = methodForm({});
  const all = (named: Given) => argumentsOf(form, { named, positional: undefined });
  assertEquals([all(undefined).kwargs, all('{"b": 2}').kwargs], [{}, { b: 2 }]);
  for (const text of ["[1]", "null", "3"]) assertEquals([...all(text).problems], [["/kwargs", "This is no object of JSON"]]);
});

Deno.test("files go behind the JSON, each with its place", async () => {
  const [wav, odd] = [new File(["RIFF"], "my.talk.wav", { type: "audio/wav" }), new File(["xy"], "no name/")];
  assertEquals(callBody({ args: [], kwargs: { a: 1 } }).body, '{"args":[],"kwargs":{"a":1}}');
  const { body, headers } = callBody({ args: [odd], kwargs: { "a/b": [{ c: wav }] } });
  const text = await (body as Blob).text();
  const json = text.slice(0, Number(headers["remote-plugin-parts"]));
  assertEquals(text.slice(json.length), "xyRIFF");
  assertEquals(JSON.parse(json), {
    parts: [{ at: "/args/0", size: 2 }, { at: "/kwargs/a~1b/0/c", size: 4, extension: ".wav", media_type: "audio/wav" }],
    body: { args: [null], kwargs: { "a/b": [{ c: null }] } },
  });
});

Deno.test("a hostile form keeps nobody waiting", () => {
  const input: FieldInput = { kind: "text", format: "email" };
  assertEquals(readGiven(input, `${"a".repeat(100_000)}@`, { shared: {}, place: "" }).problems.size, 1);
});
