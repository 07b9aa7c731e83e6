import { assertEquals, assertRejects } from "@std/assert";
import { toFileUrl } from "@std/path";
import { ContentFile } from "../payload/ready_made.ts";
import { readToolArguments, ToolArgumentsError } from "./tool_arguments.ts";
import { type ClientFiles, inputSchema } from "./tool_schema.ts";

const FILE = { type: "string", format: "binary" };
const DATA = "data:audio/wav;base64,AAEC";

function read(
  given: Record<string, unknown>,
  properties: Record<string, unknown>,
  files: ClientFiles = "local",
): Promise<{ readonly kwargs: Readonly<Record<string, unknown>> }> {
  const told = { arguments: { type: "object", properties, additionalProperties: false } };
  return readToolArguments(given, { told, input: inputSchema(told, files), files });
}

Deno.test("arguments that fit are taken as they are", async () => {
  const properties = { text: { type: "string" }, times: { type: "integer" }, more: {} };
  const given = { text: DATA, times: 3, more: { a: [DATA, 1e300] } };
  assertEquals((await read(given, properties)).kwargs, given);
});

Deno.test("arguments that do not fit are refused, with all places", async () => {
  const properties = { times: { type: "integer" }, model: { enum: ["a"] } };
  const error = await assertRejects(() => read({ times: "3", model: "b", other: 1 }, properties), ToolArgumentsError);
  for (const place of ["$.times", "$.model", "$.other"]) assertEquals(error.message.includes(place), true, error.message);
});

Deno.test("an integer that JavaScript has no number for is refused, and a number of any size is not", async () => {
  await assertRejects(() => read({ id: 2 ** 60 }, { id: { type: "integer" } }), ToolArgumentsError, '"$.id"');
  assertEquals((await read({ id: 2 ** 60 }, { id: { type: "number" } })).kwargs, { id: 2 ** 60 });
});

Deno.test("a file is its bytes, wherever it stands", async () => {
  const properties = { data: { anyOf: [FILE, { type: "null" }] }, all: { type: "array", items: { $ref: "#/$defs/One" } } };
  const told = { arguments: { type: "object", properties, $defs: { One: { type: "object", properties: { file: FILE } } } } };
  const given = { data: DATA, all: [{ file: DATA }] };
  for (const files of ["local", "remote"] as const) {
    const { kwargs } = await readToolArguments(given, { told, input: inputSchema(told, files), files });
    const [one] = kwargs.all as { file: ContentFile }[];
    for (const file of [kwargs.data, one!.file] as ContentFile[]) {
      assertEquals([file.content.size, file.content.extension, file.content.mediaType], [3, ".wav", "audio/wav"]);
    }
  }
  assertEquals((await read({ data: null }, properties)).kwargs, { data: null });
});

Deno.test("a path is a file of this machine's for those who are on it, and for nobody else", async () => {
  const here = toFileUrl(Deno.execPath());
  const path = new URL(import.meta.url);
  assertEquals((await read({ data: path.pathname }, { data: FILE })).kwargs, { data: path });
  assertEquals((await read({ data: path.href }, { data: FILE })).kwargs, { data: path });
  await assertRejects(() => read({ data: "/nowhere" }, { data: FILE }), ToolArgumentsError, "Cannot give the file");
  await assertRejects(() => read({ data: here.pathname }, { data: FILE }, "remote"), ToolArgumentsError, "data: URL");
});

Deno.test("where a plugin takes a text or a path, a text stays one", async () => {
  const either = { anyOf: [{ type: "string" }, FILE] };
  assertEquals((await read({ data: "/etc/hostname" }, { data: either })).kwargs, { data: "/etc/hostname" });
  assertEquals((await read({ data: "/srv/a.wav" }, { data: { type: "string", format: "path" } }, "remote")).kwargs, { data: "/srv/a.wav" });
});

Deno.test("bytes that are no base64 are refused, with their place", async () => {
  await assertRejects(() => read({ data: "data:;base64,%%%" }, { data: FILE }), ToolArgumentsError, '"$.data" is no base64');
});

Deno.test("arguments without a name are read by the plugin's own schema of them", async () => {
  const told = {
    positional: { type: "array", prefixItems: [FILE], items: { type: "integer" } },
    arguments: { type: "object", properties: {} },
  };
  const { args, kwargs } = await readToolArguments({ args: [DATA, 1] }, { told, input: inputSchema(told, "remote"), files: "remote" });
  assertEquals([args[0] instanceof ContentFile, args[1], kwargs], [true, 1, {}]);
});
