import { assertEquals } from "@std/assert";
import type { MethodSignature } from "../../protocol/messages.ts";
import { argumentRows, signatureText } from "./signature_text.ts";

const TEXT = { type: "string" };
const REPEAT: MethodSignature = {
  description: "Repeats a text.\n\nAt length.",
  arguments: {
    type: "object",
    properties: {
      text: { ...TEXT, description: "What is said.\nIn words." },
      times: { type: "integer", default: 1 },
      tags: { type: "array", items: TEXT },
      model: { enum: ["small", "large"], default: "small" },
      audio: { anyOf: [{ type: "string", format: "binary" }, { type: "null" }] },
      box: { $ref: "#/$defs/Box" },
      anything: {},
    },
    required: ["text", "box"],
    additionalProperties: false,
    $defs: { Box: { type: "object" } },
  },
  result: { type: "array", items: { type: "array", items: { type: "number" } } },
};

Deno.test("a method is one line", () => {
  assertEquals(
    signatureText("execute", REPEAT),
    'execute(text: string, times: integer = 1, tags?: list of string, model: "small" | "large" = "small", audio?: file | null, ' +
      "box: object, anything?: any) -> list of list of number",
  );
  assertEquals(signatureText("execute_stream", { arguments: { properties: {} }, chunk: TEXT }), "execute_stream(…) yields string");
  assertEquals(signatureText("execute", {}), "execute(…)");
});

Deno.test("arguments without names stand before the others", () => {
  const positional = { type: "array", prefixItems: [TEXT], items: { type: "integer" } };
  const named = { properties: { loud: { type: "boolean" } }, additionalProperties: false };
  assertEquals(signatureText("execute", { positional, arguments: named }), "execute(string, *integer, loud?: boolean)");
});

Deno.test("arguments have a row each, with what they are for", () => {
  assertEquals(argumentRows(REPEAT).slice(0, 4), [
    ["--text", "string", "needed", "What is said."],
    ["--times", "integer", "default 1", ""],
    ["--tags", "list of string", "", ""],
    ["--model", '"small" | "large"', 'default "small"', ""],
  ]);
});

Deno.test("a type that holds itself, and one that never ends, are cut short", () => {
  const tree = { properties: { tree: { $ref: "#/properties/tree" } }, additionalProperties: false };
  assertEquals(signatureText("execute", { arguments: tree }), "execute(tree?: any)");
  const nested = { type: "array", items: { $ref: "#" } };
  assertEquals(
    signatureText("execute", { arguments: { additionalProperties: false }, result: nested }),
    "execute() -> list of list of list of any",
  );
  const long = { enum: Array.from({ length: 100 }, (_, at) => `value ${at}`) };
  assertEquals(signatureText("execute", { result: long }).endsWith("…"), true);
});
