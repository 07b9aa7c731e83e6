import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { assertSignatures, CallError, RemotePluginProxy, SignatureMismatchError } from "@remote-plugin/proxy";
import type { JsonSchema } from "../../src/plugin/type_schema.ts";
import { BOTH, BOTH_OF_EITHER, foreignManifest, labelOf, startEither, startFixture } from "../support/fixture_proxy.ts";
import { ManagerWatch } from "../support/managed_plugins.ts";

const ARGUMENTS = {
  type: "object",
  properties: { text: { type: "string", description: "What is said." }, times: { type: "integer", default: 1 } },
  required: ["text"],
  additionalProperties: false,
};

for (const face of BOTH_OF_EITHER) {
  Deno.test(`${labelOf(face)}: a plugin's signatures are told`, async () => {
    await using plugin = await startEither(face, "typed");
    const { execute, execute_stream: stream } = await plugin.getSignatures();
    assertEquals([execute?.arguments, execute?.result], [ARGUMENTS, { type: "string" }]);
    assertEquals([stream?.arguments, stream?.chunk?.$ref], [ARGUMENTS, "#/$defs/Piece"]);
  });
}

const PYTHON = BOTH[0]!;

/** What the fixture's hints mean, by argument. */
const HINTS: Readonly<Record<string, JsonSchema>> = {
  audio: { type: "string", format: "path", description: "The recording, as a file." },
  language: {
    anyOf: [{ type: "string" }, { type: "null" }],
    default: null,
    description: "What is spoken; found out when it is not given.",
  },
  model: { enum: ["small", "large"], default: "small" },
  options: { anyOf: [{ $ref: "#/$defs/Options" }, { type: "null" }], default: null },
  boxes: { type: "array", items: pair({ type: "integer" }, { type: "integer" }) },
  pair: pair({ type: "integer" }, { type: "string" }),
  names: { type: "array", items: { type: "string" }, uniqueItems: true },
  scores: { type: "object", additionalProperties: { type: "array", items: { type: "number" } }, default: {} },
  raw: { anyOf: [{ type: "string", format: "binary" }, { type: "null" }], default: null },
  samples: { default: null },
  anything: { default: null },
  untold: { default: null },
  words: { type: "array", items: { $ref: "#/$defs/Word" } },
  id: { type: "string", format: "uuid", default: null },
};

function pair(left: JsonSchema, right: JsonSchema): JsonSchema {
  return { type: "array", prefixItems: [left, right], items: false, minItems: 2, maxItems: 2 };
}

Deno.test("Python: type hints become schemas, whether they are text or not", async () => {
  await using plugin = await startFixture(PYTHON, "hints");
  const { execute, execute_stream: stream } = await plugin.getSignatures();
  assertEquals(execute?.description, "Finds the words in a recording.\n\nIt takes its time.");
  const { properties, required, additionalProperties, $defs } = execute!.arguments!;
  assertEquals(properties, HINTS);
  assertEquals([required, additionalProperties], [["audio"], { type: "integer", description: "Weights." }]);
  assertEquals($defs, {
    Options: {
      title: "Options",
      type: "object",
      properties: { beams: { type: "integer" }, device: { enum: ["cpu", "cuda"] } },
      required: [],
      additionalProperties: false,
    },
    Word: word(["text"]),
  });
  // What the plugin makes itself has all of its fields.
  assertEquals(execute?.result?.$defs, { Word: word(["text", "start", "parts"]) });
  assertEquals(execute?.result?.description, "The words by speaker.");
  assertEquals(stream?.positional, { type: "array", prefixItems: [], items: { type: "integer" }, minItems: 0 });
  assertEquals([stream?.chunk?.$ref, stream?.chunk?.description], ["#/$defs/Word", "The next one."]);
});

function word(required: string[]): JsonSchema {
  return {
    title: "Word",
    type: "object",
    description: "One word.",
    properties: {
      text: { type: "string", description: "What was said." },
      start: { type: "number" },
      parts: { type: "array", items: { $ref: "#/$defs/Word" } },
    },
    required,
    additionalProperties: false,
  };
}

Deno.test("Python: a generator gives a list by execute, and its items by executeStream", async () => {
  await using plugin = await startFixture(PYTHON, "generator_execute");
  const { execute, execute_stream: stream } = await plugin.getSignatures();
  assertEquals([execute?.result?.type, stream?.chunk], ["array", {}]);
});

Deno.test("a manager's plugin tells its signatures, and is started for it", async () => {
  await using watch = await ManagerWatch.of("typed");
  assertEquals((await watch.manager.get("typed").getSignatures()).execute?.arguments, ARGUMENTS);
  assertEquals(watch.workers, 1);
});

Deno.test("a worker that cannot tell signatures says so", async () => {
  await using plugin = await RemotePluginProxy.start(foreignManifest());
  const error = await assertRejects(() => plugin.getSignatures(), CallError);
  assertEquals(error.code, "not_supported");
  assertStringIncludes(error.message, '"/signatures"');
});

Deno.test("types that are out of date are found, and what has changed is told", async () => {
  await using plugin = await startFixture(PYTHON, "typed");
  const schemas = { ...await plugin.getSignatures(), config: await plugin.getConfigSchema() };
  await assertSignatures(plugin, { schemas, command: "make" });
  const older = { ...ARGUMENTS, properties: { text: { type: "integer" }, loud: { type: "boolean" } } };
  const expected = { schemas: { ...schemas, execute: { ...schemas.execute, arguments: older } }, command: "make" };
  const error = await assertRejects(() => assertSignatures(plugin, expected), SignatureMismatchError);
  assertEquals(error.changes, [
    'the argument "text" of "execute" was integer, and is string',
    'the argument "loud" of "execute" is gone',
    'the argument "times" of "execute" is new',
  ]);
});

Deno.test("python: a plugin that only answers batches tells what an item has and gets", async () => {
  await using plugin = await startFixture(PYTHON, "batch_only", { manifest: { batch: {} } });
  const { execute, execute_stream: stream } = await plugin.getSignatures();
  const properties = { text: { type: "string" }, tags: { anyOf: [{ type: "array", items: { type: "string" } }, { type: "null" }] } };
  assertEquals(execute?.description, "Counts letters.");
  assertEquals([execute?.arguments?.properties, execute?.arguments?.required], [properties, ["tags", "text"]]);
  assertEquals([execute?.result, stream?.chunk], [{ type: "integer" }, { type: "integer" }]);
  assertEquals(await plugin.execute({ text: "abc", tags: null }), 3);
});
