import { assertEquals } from "@std/assert";
import { openApiDocument } from "./document.ts";
import type { DescribedPlugin } from "./plugin_paths.ts";
import type { JsonSchema } from "../../plugin/type_schema.ts";

const WORD = {
  title: "Word",
  type: "object",
  properties: { text: { type: "string" }, parts: { type: "array", items: { $ref: "#/$defs/Word" } } },
};

function described(signatures: DescribedPlugin["signatures"], name = "whisper"): DescribedPlugin {
  return { name, version: "1.0.0", signatures, configSchema: undefined };
}

const SPEECH = described({
  execute: {
    description: "Finds the words.\n\nIt takes its time.",
    arguments: {
      type: "object",
      properties: {
        audio: { type: "string", format: "path" },
        beams: { type: "integer", minimum: 1, default: 5 },
        options: { type: "object", additionalProperties: { type: "integer" } },
      },
      required: ["audio"],
      additionalProperties: false,
    },
    result: { type: "array", items: { $ref: "#/$defs/Word" }, $defs: { Word: WORD } },
  },
  execute_stream: { chunk: { $ref: "#/$defs/Word", $defs: { Word: WORD } } },
});

// deno-lint-ignore no-explicit-any -- A document is looked into at many places, which its type leaves open.
const at = (document: unknown, ...path: string[]): any => path.reduce((inner, name) => (inner as any)?.[name], document);

Deno.test("a call with a file is a form, or the file with the other arguments in the URL", () => {
  const { paths } = openApiDocument([SPEECH]);
  const { post } = paths["/whisper/execute"]!;
  const { content } = post!.requestBody!;
  assertEquals(Object.keys(content), ["multipart/form-data", "application/octet-stream"]);
  const form = content["multipart/form-data"]!;
  assertEquals(at(form, "schema", "properties", "audio").format, "binary");
  assertEquals(Object.keys(form.encoding!), ["options"]);
  assertEquals(post!.parameters!.map((one) => "name" in one ? one.name : one.$ref.split("/").at(-1)), ["CallId", "beams", "options"]);
  assertEquals([post!.summary, post!.description], ["Finds the words.", "Finds the words.\n\nIt takes its time."]);
});

Deno.test("arguments without files are JSON, and files that need not be there are left out of it", () => {
  const properties = { title: { type: "string" }, cover: { type: "string", format: "binary" }, pages: { type: "integer", minimum: 1 } };
  const { paths } = openApiDocument([described({ execute: { arguments: { type: "object", properties, required: ["title"] } } })]);
  const content = at(paths, "/whisper/execute", "post", "requestBody", "content");
  assertEquals(Object.keys(content), ["application/json", "multipart/form-data", "application/octet-stream"]);
  const { kwargs } = at(content, "application/json", "schema", "properties");
  assertEquals([Object.keys(kwargs.properties), kwargs.required], [["title", "pages"], ["title"]]);
  assertEquals(kwargs.properties.pages, { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
});

Deno.test("what schemas refer to becomes one component for all that mean the same", () => {
  const { paths, components } = openApiDocument([
    SPEECH,
    described({ execute: { result: { $ref: "#/$defs/Word", $defs: { Word: { type: "string" } } } } }, "other"),
  ]);
  const items = at(paths, "/whisper/execute", "post", "responses", "200", "content", "application/json", "schema", "items");
  assertEquals(items, { $ref: "#/components/schemas/whisper.execute.result.Word" });
  assertEquals(at(components, "schemas", "whisper.execute.result.Word", "properties", "parts", "items"), items);
  assertEquals(at(components, "schemas", "other.execute.result.Word"), { type: "string" });
});

Deno.test("a stream is lines of JSON, bytes are a file, and what is not known may be both", () => {
  const { paths } = openApiDocument([
    SPEECH,
    described({ execute: { result: { type: "string", format: "binary" } } }, "bytes"),
    described(undefined, "unknown"),
  ]);
  const given = (path: string): string[] => Object.keys(at(paths, path, "post", "responses", "200", "content"));
  assertEquals(given("/whisper/execute_stream"), ["application/x-ndjson"]);
  assertEquals(given("/bytes/execute"), ["*/*"]);
  assertEquals(given("/unknown/execute"), ["application/json", "*/*"]);
  assertEquals("/bytes/execute_stream" in paths, false);
});

Deno.test("what changes a plugin for everybody takes the operator's token", () => {
  const { paths } = openApiDocument([SPEECH]);
  const operator = Object.entries(paths).filter(([, { post }]) => post?.security !== undefined).map(([path]) => path);
  assertEquals(
    operator,
    ["initialize", "reconfigure", "cleanup", "load", "unload", "reload", "enable", "disable"].map((id) => `/whisper/${id}`),
  );
});

Deno.test("a plugin's schema cannot make a document that is none", () => {
  const hostile: JsonSchema = {
    type: "nonsense",
    $id: "https://example.com/",
    $ref: "https://example.com/schema.json",
    properties: { "$ref": { $ref: "#/$defs/Loop" }, a: 5, b: { pattern: "(", minimum: "1", enum: [{ $ref: "#/x" }] } },
    required: [1],
    $defs: { Loop: { anyOf: [{ $ref: "#/$defs/Loop" }, { $ref: "#" }, { $ref: "#/nowhere" }] } },
  };
  const { paths, components } = openApiDocument([described({ execute: { arguments: hostile } }, "a/b c")]);
  const kwargs = at(paths, "/a%2Fb%20c/execute", "post", "requestBody", "content", "application/json", "schema", "properties", "kwargs");
  const loop = { $ref: "#/components/schemas/a_b_c.execute.arguments.Loop" };
  assertEquals(kwargs.properties, { $ref: loop, a: {}, b: { enum: [{ $ref: "#/x" }] } });
  assertEquals([kwargs.type, kwargs.required, kwargs.$id, kwargs.$ref], [undefined, undefined, undefined, undefined]);
  const whole = { $ref: "#/components/schemas/a_b_c.execute.arguments.whole" };
  assertEquals(at(components, "schemas", "a_b_c.execute.arguments.Loop"), { anyOf: [loop, whole, {}] });
});
