import { assertEquals } from "@std/assert";
import { curlLines } from "./curl_lines.ts";

const TARGET = { place: "http://127.0.0.1:8080/talks", header: '"Authorization: Bearer $TOKEN"' };
const TEXT = { type: "string" };

function words(properties: Record<string, unknown>, required: string[] = Object.keys(properties), more = {}): string | undefined {
  const line = curlLines({ execute: { arguments: { type: "object", properties, required, ...more } } }, TARGET)[0];
  return line?.replace(`curl "http://127.0.0.1:8080/talks/execute" -H "Authorization: Bearer $TOKEN" `, "");
}

Deno.test("a line for curl has an example for each argument that must be there", () => {
  assertEquals(words({ text: TEXT, times: { type: "integer" } }), `-d '{"kwargs":{"text":"hello","times":1}}'`);
  assertEquals(words({ text: TEXT, times: { type: "integer" } }, ["text"]), `-d '{"kwargs":{"text":"hello"}}'`);
  assertEquals(words({ model: { enum: ["it's"] }, untold: {} }), `-d '{"kwargs":{"model":"it'\\''s","untold":"hello"}}'`);
  const box = { $ref: "#/$defs/Box" };
  const $defs = { Box: { type: "object", properties: { width: { type: "number" }, inner: box }, required: ["width"] } };
  assertEquals(words({ box }, ["box"], { $defs }), `-d '{"kwargs":{"box":{"width":1}}}'`);
});

Deno.test("a plugin of many methods has lines for the first ones", () => {
  const methods = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`m${at}`, {}]));
  const lines = curlLines({ execute: {}, methods }, TARGET);
  assertEquals([lines.length, lines.at(-1)], [
    6,
    `curl "http://127.0.0.1:8080/talks/call/m4" -H "Authorization: Bearer $TOKEN" -d '{"kwargs":{}}'`,
  ]);
});

Deno.test("an argument that is a file makes the line a form", () => {
  assertEquals(words({ audio: { ...TEXT, format: "path" }, loud: { type: "boolean" } }), "-F 'audio=@FILE' -F 'loud=true'");
});

Deno.test("a stream has a line of its own, and of a plugin that tells nothing the line shows where arguments go", () => {
  assertEquals(curlLines({ execute_stream: {} }, TARGET), [
    `curl -N "http://127.0.0.1:8080/talks/execute_stream" -H "Authorization: Bearer $TOKEN" -d '{"kwargs":{}}'`,
  ]);
  assertEquals(curlLines(undefined, TARGET)[0]?.endsWith(`-d '{"kwargs": {"NAME": "VALUE"}}'`), true);
});
