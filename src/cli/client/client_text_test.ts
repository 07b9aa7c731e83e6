import { assertEquals, assertStringIncludes } from "@std/assert";
import { type ClientFacts, clientText, fingerprintIn, schemasIn } from "./client_text.ts";
import { typeName } from "./client_types.ts";

const TEXT = { type: "string" };

async function client(schemas: ClientFacts["schemas"], plugin = "whisper"): Promise<string> {
  return await clientText({ plugin, schemas, manifest: "./whisper.json", command: "remote-plugin gen ./whisper.json" });
}

Deno.test("arguments become an object's type, files are something else on their way in than on their way out", async () => {
  const file = { type: "string", format: "binary" };
  const path = { type: "string", format: "path", description: "The recording" };
  const maybe = { type: ["string", "null"], format: "path" };
  const text = await client({
    execute: {
      description: "Finds what was said",
      arguments: {
        type: "object",
        properties: { audio: path, raw: file, beams: { type: "integer" }, more: { type: "array", items: maybe } },
        required: ["audio"],
      },
      result: { type: "object", properties: { text: TEXT, mask: file, plot: { type: "string", format: "path" } }, required: ["text"] },
    },
  });
  for (
    const line of [
      "  /** The recording */\n  audio: string | FileInput;\n  raw?: FileInput;\n  beams?: number;\n  more?: (string | FileInput | null)[];\n",
      "  text: string;\n  mask?: FileResult;\n  plot?: string | FileResult;\n",
      '  /** Finds what was said */\n  execute(kwargs: ExecuteArguments, options?: Omit<CallOptions, "args">): Promise<ExecuteResult>;\n',
      "export type Whisper<Plugin = RemotePluginProxy> =",
      "export async function startWhisper(",
    ]
  ) assertStringIncludes(text, line);
  assertEquals(text.includes("executeStream("), false);
});

Deno.test("a method without arguments takes none, one whose arguments are not known takes any", async () => {
  const none = await client({
    execute: { arguments: { type: "object", properties: {}, additionalProperties: false }, result: { type: "null" } },
  });
  assertStringIncludes(none, 'execute(kwargs?: Record<string, never>, options?: Omit<CallOptions, "args">): Promise<ExecuteResult>;');
  assertStringIncludes(await client({ execute: {} }), "execute(kwargs?: Kwargs, options?: CallOptions): Promise<unknown>;");
});

Deno.test("positional arguments are required where the first of them is", async () => {
  const positional = { type: "array", prefixItems: [TEXT, { type: "integer" }], items: false, minItems: 1 };
  const text = await client({ execute: { arguments: { type: "object", properties: {} }, positional } });
  assertStringIncludes(text, "export type ExecutePositional = [string]|[string, number];");
  assertStringIncludes(text, 'options: Omit<CallOptions, "args"> & { readonly args: ExecutePositional })');
});

Deno.test("definitions of one name and one content are one type, others are told apart, also from what the client imports", async () => {
  const word = (member: string) => ({ $defs: { Word: { title: "Word", type: "object", properties: { [member]: TEXT } } } });
  const text = await client({
    execute: {
      arguments: { ...word("a"), type: "object", properties: { word: { $ref: "#/$defs/Word" } } },
      result: { ...word("b"), $ref: "#/$defs/Word" },
    },
    execute_stream: { chunk: { ...word("b"), type: "array", items: { $ref: "#/$defs/Word" } } },
    config: { $defs: { FileResult: { type: "object", properties: { x: TEXT } } }, properties: { x: { $ref: "#/$defs/FileResult" } } },
  });
  for (
    const declaration of [
      "export type ExecuteResult = Word;",
      "export type ExecuteStreamChunk = Word[];",
      "word?: ExecuteArgumentsWord;",
      "x?: ConfigFileResult;",
    ]
  ) assertStringIncludes(text, declaration);
});

Deno.test("no type takes the name of another one, or of what the language has", async () => {
  const record = { $defs: { Record: { type: "object", properties: { x: TEXT } } }, $ref: "#/$defs/Record" };
  assertStringIncludes(await client({ execute: { result: record } }), "export type ExecuteResult = ExecuteResultRecord;");
  const text = await client({ execute: { result: TEXT }, config: { properties: { x: TEXT } } }, "config");
  assertStringIncludes(text, "export type ConfigPlugin<Plugin = RemotePluginProxy> = ConfigPluginMembers &");
});

Deno.test("what a plugin says of itself cannot become code", async () => {
  const evil = "*/ evil(); /* `${evil()}` \u2028 evil()\r\nevil()";
  const schema = {
    type: "object",
    title: evil,
    description: evil,
    properties: { [evil]: { type: "string", description: evil, tsType: "string; evil()" }, choice: { enum: [evil, '"; evil(); "'] } },
    required: [evil],
    $defs: { [evil]: { type: "object", properties: { self: { $ref: "#/$defs/evil()" } } } },
  };
  const text = await clientText({
    plugin: evil,
    schemas: { execute: { description: evil, arguments: schema, result: schema }, config: schema },
    manifest: evil,
    command: evil,
  });
  // Texts and comments in the order in which they begin.
  const code = text.replaceAll(/"(?:[^"\\\n]|\\.)*"|\/\*[\s\S]*?\*\/|\/\/[^\n\r\u2028\u2029]*/g, "");
  assertEquals(/.*evil\(.*/.exec(code)?.[0], undefined);
});

Deno.test("a reference to nothing is unknown, and one to itself does not go round for ever", async () => {
  const properties = { a: { $ref: "#/$defs/not_there" }, b: { $ref: "#" }, c: { $ref: "#/properties/d" }, d: TEXT };
  const text = await client({
    execute: { arguments: { type: "object", properties }, result: { $ref: "#/$defs/Loop", $defs: { Loop: { $ref: "#/$defs/Loop" } } } },
  });
  assertStringIncludes(text, "  a?: unknown;\n  b?: ExecuteArguments;\n  c?: string;\n  d?: string;\n");
});

Deno.test("the fingerprint changes with the client, and the schemas can be read from it", async () => {
  const schemas = { execute: { result: TEXT } };
  const [one, same, other] = await Promise.all([client(schemas), client(schemas), client({ execute: { result: { type: "number" } } })]);
  assertEquals(one, same);
  assertEquals(fingerprintIn(one) === fingerprintIn(other), false);
  assertEquals(schemasIn(one), schemas);
  assertEquals([fingerprintIn("something else"), schemasIn("  schemas: {half,\n")], [undefined, undefined]);
});

Deno.test("a name becomes that of a type", () => {
  const names = ["whisper", "cjm-plugin-pysbd", "3d tiles", "straße 7", "…"].map((name) => typeName(name, "Plugin"));
  assertEquals(names, ["Whisper", "CjmPluginPysbd", "Plugin3dTiles", "Straße7", "Plugin"]);
});

Deno.test("a type is declared by the name by which the methods take it, whatever letters and digits it has", async () => {
  const arguments_ = {
    type: "object",
    properties: { box: { $ref: "#/$defs/höhe2x" } },
    $defs: { höhe2x: { type: "object", properties: { a: TEXT } } },
  };
  const methods = Object.fromEntries(["größe", "grosse", "h264encode", "日本", "_9to5"].map((name) => [name, { arguments: arguments_ }]));
  const text = await client({ methods });
  const taken = [...text.matchAll(/kwargs\?: (\p{L}[\p{L}\d]*),/gu)].map(([, name]) => name!);
  assertEquals(new Set(taken), new Set(["Größe", "Grosse", "H264encode", "日本", "Method9to5"].map((name) => `${name}Arguments`)));
  for (const name of taken) assertStringIncludes(text, `export interface ${name} {\n  box?: Höhe2x;\n}\n`);
  assertStringIncludes(text, "export interface Höhe2x {\n  a?: string;\n}\n");
});

Deno.test("methods become members, but none in the place of the client's own, and none that makes a promise of it", async () => {
  const arguments_ = { type: "object", properties: { text: TEXT }, required: ["text"] };
  const methods = {
    shout: { description: "Says it.", arguments: arguments_, result: TEXT },
    Shout: { result: TEXT },
    execute_stream: { arguments: arguments_, chunk: TEXT, result: { type: "array", items: TEXT } },
    ...Object.fromEntries(
      ["then", "logs", "call", "constructor", "toString", "__proto__x", "name"].map((name) => [name, { result: TEXT }]),
    ),
    'a"b': { result: TEXT },
  };
  const text = await client({ methods });
  for (
    const line of [
      '  /** Says it. */\n  shout(kwargs: ShoutArguments, options?: Omit<CallOptions, "args">): Promise<ShoutResult>;',
      "  Shout(kwargs?: Kwargs, options?: CallOptions): Promise<Shout2Result>;",
      "AsyncGenerator<ExecuteStream2Chunk, void, void>;",
      '  "a\\"b"(kwargs?: Kwargs',
      '    ["shout", "call"],\n    ["Shout", "call"],\n    ["execute_stream", "stream"],',
    ]
  ) assertStringIncludes(text, line);
  for (const name of ["then", "logs", "call", "constructor", "toString", "name"]) {
    assertEquals([name, text.includes(`  ${name}(`), text.includes(`["${name}"`)], [name, false, false]);
  }
});
