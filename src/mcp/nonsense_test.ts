import { assertEquals } from "@std/assert";
import { nonsenseText } from "./nonsense.ts";

/** An error of the official package, which has what each of its checks has found. */
function errorOf(...issues: object[]): Error {
  return Object.assign(new Error(JSON.stringify(issues)), { issues });
}

const NO_TEXT = { code: "invalid_type", expected: "string", path: ["method"], message: "Invalid input: expected string, received number" };

Deno.test("what is no message is told in words, by the kind of message that it is nearest to", () => {
  const unknown = { code: "unrecognized_keys", keys: ["id"], path: [], message: 'Unrecognized key: "id"' };
  const union = { code: "invalid_union", path: ["params"], message: "Invalid input", errors: [[NO_TEXT, unknown], [NO_TEXT]] };
  assertEquals(nonsenseText(errorOf(union)), '"params.method" is no string');
  assertEquals(nonsenseText(errorOf(unknown)), 'it has "id", which is unknown there');
  assertEquals(nonsenseText(errorOf({ code: "invalid_value", values: ["2.0"], path: ["jsonrpc"] })), '"jsonrpc" is not "2.0"');
  assertEquals(nonsenseText(errorOf({ code: "too_small", path: [], message: "Too small" })), "it: Too small");
});

Deno.test("of many faults the first are told, and an error without any says what it says", () => {
  const many = Array.from({ length: 5 }, (_, at) => ({ ...NO_TEXT, path: [at] }));
  assertEquals(nonsenseText(errorOf(...many)), '"0" is no string, and "1" is no string, and "2" is no string, and 2 more faults');
  assertEquals(nonsenseText(new Error("The line is too long")), "The line is too long");
  assertEquals(nonsenseText(errorOf({ code: "invalid_union", path: [], message: "Invalid input", errors: [[]] })), "it: Invalid input");
});
