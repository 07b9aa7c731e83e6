import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { decodeValue } from "./decode_value.ts";
import { encodeValue, fillSlot, UnsendableValueError, withoutTypes } from "./values.ts";

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

Deno.test("-0 arrives as -0, wherever it is", () => {
  const value = { a: [0, -0], b: -0 };
  assertEquals(sent(value), value);
  assertEquals(Object.is(sent(-0), -0), true);
});

Deno.test("where there is no room for types -0 is 0, and NaN is refused with its place", () => {
  assertEquals(JSON.stringify(withoutTypes(encodeValue({ a: [-0, 1] }))), '{"a":[0,1]}');
  const refused = () => withoutTypes(encodeValue({ a: -0, "b/c": [NaN] }));
  assertEquals(assertThrows(refused, UnsendableValueError).place, '$["b/c"][0]');
});

Deno.test("primitives in objects are sent as the primitives", () => {
  assertEquals(sent([new Number(1), new String("a"), new Boolean(false), new Number(NaN)]), [1, "a", false, NaN]);
});

class Point {
  x = 1;
  readonly y = 2;
  #hidden = 3;

  get sum(): number {
    return this.x + this.y + this.#hidden;
  }
}

class Secret {
  #kept = 5;

  get kept(): number {
    return this.#kept;
  }
}

Deno.test("the public members of a class are sent, and a getter's value", () => {
  assertEquals(sent(new Point()), { x: 1, y: 2 });
  assertEquals(
    sent({
      get a() {
        return [1];
      },
    }),
    { a: [1] },
  );
});

Deno.test("an object without a prototype is data as any other, also an empty one", () => {
  assertEquals(sent({ a: Object.create(null), b: Object.assign(Object.create(null), { c: 1 }) }), { a: {}, b: { c: 1 } });
});

Deno.test("a text of any code units is sent as it is, as value and as key", () => {
  const value = { "\ud800": "\udfff a \0 \u2028", "": "" };
  assertEquals(sent(value), value);
});

Deno.test("a list in lists is sent up to a thousand deep, and refused beyond, with the beginning of its place", () => {
  const nested = (depth: number) => Array.from({ length: depth }).reduce<unknown>((inner) => [inner], 1);
  assertEquals(sent(nested(1_000)), nested(1_000));
  for (const depth of [1_001, 5_000, 100_000]) {
    assertEquals(assertThrows(() => encodeValue(nested(depth)), UnsendableValueError, "deep").place, `$${"[0]".repeat(32)}…`);
  }
});

const throwing = {
  get a() {
    throw new Error("closed");
  },
};
const throwingJson = {
  toJSON() {
    throw new Error("closed");
  },
};
const revoked = Proxy.revocable({}, {});
revoked.revoke();

for (
  const [what, value, place, words] of [
    ["a promise", { a: Promise.resolve() }, "$.a", "a Promise, which JSON cannot carry; await it"],
    ["an Error with members of its own", [Object.assign(new TypeError("x"), { code: 5 })], "$[0]", "a TypeError"],
    ["a RegExp", { a: /a/ }, "$.a", "a RegExp"],
    ["a WeakMap", { a: new WeakMap() }, "$.a", "a WeakMap"],
    ["a WeakRef", { a: new WeakRef({}) }, "$.a", "a WeakRef"],
    ["a Response", { a: new Response() }, "$.a", "a Response"],
    ["a Request", { a: new Request("http://x") }, "$.a", "a Request"],
    ["Headers", { a: new Headers() }, "$.a", "a Headers"],
    ["FormData", { a: new FormData() }, "$.a", "a FormData"],
    ["URLSearchParams", { a: new URLSearchParams("a=b") }, "$.a", "a URLSearchParams"],
    ["an Event", { a: new Event("x") }, "$.a", "an Event"],
    ["a generator", { a: (function* () {})() }, "$.a", "without a member"],
    ["an iterator", { a: [1].values() }, "$.a", "without a member"],
    ["an object whose members are private", { a: new Secret() }, "$.a", "a Secret without a member"],
    ["an object whose members are another's", { a: Object.create({ b: 1 }) }, "$.a", "without a member"],
    ["a class", { a: Secret }, "$.a", "a function"],
    ["an invalid Date", { a: new Date(NaN) }, "$.a", "an invalid Date"],
    ["a BigInt in an object", { a: Object(1n) }, "$.a", "a BigInt"],
    ["a symbol in an object", { a: Object(Symbol()) }, "$.a", "a symbol"],
    ["a proxy of a Map", { a: new Proxy(new Map(), {}) }, "$.a", "a Map"],
    ["a proxy that was revoked", { a: revoked.proxy }, "$.a", "unreadable: TypeError"],
    ["a getter that throws", { b: [throwing] }, "$.b[0].a", "unreadable: Error: closed"],
    ["a toJSON() that throws", { b: throwingJson }, "$.b", "unreadable: Error: closed"],
    ["an array with holes", { a: [1, , 3] }, "$.a", "holes"],
    ["an array of four billion holes", { a: new Array(4_000_000_000) }, "$.a", "holes"],
    ["an array with as many holes as other members", { a: Object.assign(new Array(1), { b: 1 }) }, "$.a", 'the member "b"'],
    ["what a regular expression has found", { a: /a/d.exec("a") }, "$.a", "besides its items"],
    ["a member whose key is a symbol", { a: { b: 1, [Symbol("c")]: 2 } }, "$.a", "a symbol as key"],
    ["memory that was transferred", { a: detached() }, "$.a", "transferred"],
    ["a view of memory that was made too short for it", { a: outOfBounds() }, "$.a", "too short"],
    ["a number in an object with a member", { a: Object.assign(Object(1), { unit: "m" }) }, "$.a", "a Number"],
    ["a text in an object with a member", { a: Object.assign(Object("x"), { language: "en" }) }, "$.a", "a String"],
  ] as const
) {
  Deno.test(`${what} is refused with its place`, () => {
    const error = assertThrows(() => encodeValue(value, (one) => one instanceof Uint8Array), UnsendableValueError, words);
    assertEquals(error.place, place);
  });
}

function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  bytes.buffer.transfer();
  return bytes;
}

function outOfBounds(): Uint8Array {
  const memory = new ArrayBuffer(8, { maxByteLength: 8 });
  const bytes = new Uint8Array(memory, 4, 4);
  memory.resize(4);
  return bytes;
}

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
