import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { decodeValue, encodeValue, fillSlot, UnsendableValueError } from "./values.ts";

/** What arrives when a value is sent. */
function sent(value: unknown): unknown {
  const encoded = JSON.parse(JSON.stringify(encodeValue(value)));
  return decodeValue(encoded.value, encoded.types);
}

Deno.test("a value that is JSON is sent as it is, without a copy", () => {
  const value = { a: [1, "x", null, true], b: { c: {} } };
  assertStrictEquals(encodeValue(value).value, value);
  assertEquals(encodeValue(value).types, undefined);
});

Deno.test("NaN and the infinities arrive, wherever they are", () => {
  const value = { a: [1, NaN], "x/y~z": { "": Infinity }, n: -Infinity };
  assertEquals(sent(value), value);
  assertEquals(sent(NaN), NaN);
});

Deno.test("a value with NaN is copied, not changed", () => {
  const value = { scores: [NaN] };
  encodeValue(value);
  assertEquals(value, { scores: [NaN] });
});

Deno.test("a member named __proto__ stays a member", () => {
  const value = JSON.parse('{"__proto__": {"polluted": 1}, "x": 0}');
  value.x = NaN;
  const arrived = sent(value) as Record<string, unknown>;
  assertEquals(Object.keys(arrived), ["__proto__", "x"]);
  assertEquals((arrived as { polluted?: unknown }).polluted, undefined);
});

Deno.test("dates and other values with toJSON are sent as that", () => {
  const when = new Date(0);
  assertEquals(sent({ when, url: new URL("http://x/") }), { when: when.toISOString(), url: "http://x/" });
});

Deno.test("an undefined member is left out", () => {
  assertEquals(sent({ a: undefined, b: 1 }), { b: 1 });
});

Deno.test("one object in two places is no cycle", () => {
  const shared = { x: 1 };
  assertEquals(sent([shared, shared]), [shared, shared]);
});

const cycle: Record<string, unknown> = {};
cycle.self = { again: cycle };
for (
  const [what, value, place] of [
    ["a BigInt", { n: 1n }, "$.n"],
    ["a function", [() => {}], "$[0]"],
    ["a symbol", { "odd key": Symbol() }, '$["odd key"]'],
    ["a Map", { m: new Map([[1, 2]]) }, "$.m"],
    ["a Set", new Set(), "$"],
    ["bytes", { data: new Uint8Array(2) }, "$.data"],
    ["a cycle", cycle, "$.self.again"],
  ] as const
) {
  Deno.test(`${what} is refused with its place`, () => {
    assertEquals(assertThrows(() => encodeValue(value), UnsendableValueError).place, place);
  });
}

for (
  const [what, types] of [
    ["a pointer that leads nowhere", { "/b": "number" }],
    ["a pointer into a prototype", { "/constructor": "number" }],
    ["an unknown type", { "/a": "date" }],
    ["a number that is none", { "/a": "number" }],
  ] as const
) {
  Deno.test(`a worker that sends ${what} is refused`, () => {
    assertThrows(() => decodeValue({ a: "one" }, types), TypeError);
  });
}

Deno.test("what becomes a file is a slot in a copy, and all beside it stays as it is", () => {
  const value = { a: [1, new Uint8Array(2)], b: { c: NaN }, "x/y": {} };
  const { value: encoded, slots = [], types } = encodeValue(value, (one) => one instanceof Uint8Array);
  assertEquals([slots.map(({ path }) => path), types], [[["a", "1"]], { "/b/c": "number" }]);
  assertEquals(JSON.parse(JSON.stringify(fillSlot(encoded, slots[0]!, "/path"))), { a: [1, "/path"], b: { c: "NaN" }, "x/y": {} });
  assertEquals(value.a[1], new Uint8Array(2));
  assertStrictEquals((encoded as typeof value)["x/y"], value["x/y"]);
});

Deno.test("a value that is a file as a whole is one slot", () => {
  const { value, slots = [] } = encodeValue(new Uint8Array(2), () => true);
  assertEquals(fillSlot(value, slots[0]!, { path: "/p" }), { path: "/p" });
});

Deno.test("a file where none may be is refused", () => {
  assertThrows(() => decodeValue({ path: "/p" }, { "": "file" }), TypeError);
});
