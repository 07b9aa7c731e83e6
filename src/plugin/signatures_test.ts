import { assertEquals, assertRejects } from "@std/assert";
import { SignatureMismatchError } from "../errors.ts";
import { assertSignatures, type PluginSchemas, signatureChanges } from "./signatures.ts";
import type { JsonSchema } from "./type_schema.ts";

/** The schemas of a plugin of one argument. */
function takes(schema: JsonSchema, required: readonly string[] = ["audio"]): PluginSchemas {
  return { execute: { arguments: { type: "object", properties: { audio: schema }, required, additionalProperties: false } } };
}

function gives(result: JsonSchema): PluginSchemas {
  return { execute: { result } };
}

const TEXT = { type: "string" };
const NUMBER = { type: "number" };
const TREE = { type: "object", properties: { kids: { type: "array", items: { $ref: "#/$defs/Tree" } } } };

Deno.test("what has changed is told in words, with its place", () => {
  const cases: [PluginSchemas, PluginSchemas, string[]][] = [
    [takes(TEXT), takes(NUMBER), ['the argument "audio" of "execute" was string, and is number']],
    [takes(TEXT), takes(TEXT, []), ['the argument "audio" of "execute" is optional now']],
    [takes(TEXT, []), takes(TEXT), ['the argument "audio" of "execute" is required now']],
    [takes(TEXT), takes({ type: "string", format: "binary" }), ['the argument "audio" of "execute" was string, and is a file']],
    [takes(TEXT), takes({ anyOf: [TEXT, { type: "null" }] }), ['the argument "audio" of "execute" was string, and is string or null']],
    [takes({ enum: ["a", 1] }), takes({ enum: ["a"] }), ['the argument "audio" of "execute" was "a" or 1, and is "a"']],
    [
      { execute: { arguments: { properties: { a: TEXT, b: TEXT }, required: ["a", "b"] } } },
      { execute: { arguments: { properties: { a: TEXT, c: TEXT, d: TEXT }, required: ["a", "c"] } } },
      [
        'the argument "b" of "execute" is gone',
        'the argument "c" of "execute" is new and required',
        'the argument "d" of "execute" is new',
      ],
    ],
    [gives({ type: "array", items: TEXT }), gives({ type: "array", items: NUMBER }), [
      'each of the result of "execute" was string, and is number',
    ]],
    [gives({ prefixItems: [TEXT, TEXT] }), gives({ prefixItems: [TEXT] }), [
      'the result of "execute" was [string, string], and is [string]',
    ]],
    [gives(TEXT), gives({}), ['the result of "execute" was string, and is anything']],
    [gives({ $ref: "#/$defs/A", $defs: { A: { properties: { x: TEXT } } } }), gives({ properties: { x: NUMBER } }), [
      '"x" of the result of "execute" was string, and is number',
    ]],
    [
      gives({ $ref: "#/$defs/Tree", $defs: { Tree: TREE } }),
      gives({ $ref: "#/$defs/Tree", $defs: { Tree: { ...TREE, required: ["kids"] } } }),
      [
        '"kids" of the result of "execute" is required now',
      ],
    ],
    [
      { execute: { positional: { prefixItems: [TEXT] } } },
      { execute: { positional: { prefixItems: [NUMBER] } } },
      ['the positional arguments of "execute" was string, and is number'],
    ],
    [{ execute: {} }, { execute_stream: {} }, ['there is no "execute" any more', '"execute_stream" is new']],
    [{ config: { properties: { a: TEXT } } }, { config: { properties: { a: NUMBER } } }, [
      '"a" of the configuration was string, and is number',
    ]],
    [{}, { config: { properties: {} } }, ["the configuration was anything, and is an object with no members"]],
  ];
  for (const [before, after, changes] of cases) assertEquals(signatureChanges(before, after), changes);
});

Deno.test("what no type depends on is no change", () => {
  const before = takes({ type: "integer", minimum: 1, description: "Old", default: 3 });
  const after = takes({ default: 4, description: "New", maximum: 9, type: "integer", examples: [1] });
  assertEquals(signatureChanges(before, after), []);
  const [old, now] = [{ definitions: { A: TREE }, $ref: "#/definitions/A" }, { $ref: "#/$defs/A", $defs: { A: TREE } }];
  assertEquals(signatureChanges(gives(old), gives(now)), []);
});

Deno.test("a plugin that has changed is refused, with the command that makes the types anew", async () => {
  const plugin = { name: "p", getSignatures: () => Promise.resolve(takes(NUMBER)), getConfigSchema: () => Promise.resolve({}) };
  await assertSignatures(plugin, { schemas: takes(NUMBER), command: "make" });
  const error = await assertRejects(() => assertSignatures(plugin, { schemas: takes(TEXT), command: "make" }), SignatureMismatchError);
  assertEquals([error.code, error.command, error.changes], ["signature_mismatch", "make", [
    'the argument "audio" of "execute" was string, and is number',
  ]]);
  assertEquals(
    error.message,
    'The types of "p" are out of date: the argument "audio" of "execute" was string, and is number. Make them anew: make',
  );
});

Deno.test("of many changes the message tells the first five, and how many there are", () => {
  const changes = Array.from({ length: 8 }, (_, number) => `change ${number}`);
  const { message } = new SignatureMismatchError({ plugin: "p", changes, command: "make" });
  assertEquals(message.includes("change 4; and 3 more. Make"), true, message);
});

Deno.test("schemas whose references multiply are compared, and told in a few words", () => {
  const choice = (next: number) => ({
    anyOf: Array.from({ length: 30 }, (_, at) => ({ type: "array", items: { $ref: `#/$defs/d${next}_${at}` } })),
  });
  const $defs: Record<string, unknown> = {};
  for (let level = 0; level < 10; level++) for (let at = 0; at < 30; at++) $defs[`d${level}_${at}`] = choice(level + 1);
  const [change] = signatureChanges(gives(TEXT), gives({ ...choice(0), $defs }));
  assertEquals(change!.length < 2_000, true, `${change!.length} characters`);
});
