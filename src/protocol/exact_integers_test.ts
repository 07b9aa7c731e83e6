import { assertEquals } from "@std/assert";
import { findLongInteger } from "./exact_integers.ts";

function found(text: string): readonly [string, string] | undefined {
  const long = findLongInteger(JSON.parse(text), () => text);
  return long && [long.path.join("/"), long.digits];
}

for (
  const text of [
    "9007199254740991",
    "9007199254740992",
    "-9007199254740994",
    "1152921504606846976",
    "1152921504606847200", // as JavaScript writes 2 ** 60 + 256
    "10000000000000000000000",
    "1e300",
    "[0.12345678901234567,-0,1e21]",
    '{"id":"9007199254740993"}',
  ]
) {
  Deno.test(`${text} is read as what it is`, () => assertEquals(found(text), undefined));
}

for (
  const [text, path, digits] of [
    ["9007199254740993", "", "9007199254740993"],
    ['{"a":[1,{"b":-9007199254740993}],"c":9007199254740995}', "a/1/b", "-9007199254740993"],
    ["[100000000000000000000000]", "0", "100000000000000000000000"],
    [`[1${"0".repeat(400)}]`, "0", `1${"0".repeat(400)}`],
    ['{"__proto__":{"x":18446744073709551615}}', "__proto__/x", "18446744073709551615"],
  ] as const
) {
  Deno.test(`the integer in ${text.slice(0, 40)} is found, for it would be another one`, () => assertEquals(found(text), [path, digits]));
}

Deno.test("lists in each other by the million are looked through", () => {
  const text = `${"[".repeat(1_000_000)}9007199254740993${"]".repeat(1_000_000)}`;
  assertEquals(found(text)?.[0], "");
  assertEquals(found(text.replace("9007199254740993", "1")), undefined);
});
