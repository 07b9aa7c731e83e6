/**
 * Generates values of JavaScript, and tells what becomes of each when it is sent.
 *
 * @module
 */
import fc from "fast-check";

/** A value, and what arrives in its place; or nothing, where it is refused, and the places at which the reason may be. */
export interface ValueCase {
  readonly value: unknown;
  readonly arrives: unknown;
  /** Where something is that cannot be sent, as JSON paths that go on from the value's own. */
  readonly refusedAt: readonly string[];
}

const SENT = (value: unknown, arrives: unknown = value): ValueCase => ({ value, arrives, refusedAt: [] });

class Point {
  readonly x = 1;
  readonly y = [-0];
}

class Secret {
  #kept = 5;

  get kept(): number {
    return this.#kept;
  }
}

const text = fc.oneof(
  fc.string({ unit: fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)) }),
  fc.constantFrom(
    "",
    "1",
    "true",
    "null",
    "NaN",
    "-0",
    "Infinity",
    "__proto__",
    "constructor",
    "toString",
    "types",
    "a/b~c",
    "9007199254740993",
  ),
);

const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 2 ** 53, 2 ** 60 + 256, 2 ** 63, 1e21, 1e23, 5e-324, Number.MAX_VALUE),
);

/** Values that are what they are. */
const plain: fc.Arbitrary<ValueCase> = fc.oneof(fc.constant(null), fc.boolean(), number, text).map((value) => SENT(value));

/** Values that have another form, which the pages tell. */
const formed: fc.Arbitrary<ValueCase> = fc.constantFrom(
  SENT(new Date(0), "1970-01-01T00:00:00.000Z"),
  SENT(new URL("http://localhost/a"), "http://localhost/a"),
  SENT(new Point(), { x: 1, y: [-0] }),
  SENT(new Number(1.5), 1.5),
  SENT(new String("a"), "a"),
  SENT({ toJSON: () => [NaN] }, [NaN]),
  SENT({ a: undefined, b: 1 }, { b: 1 }),
  SENT([undefined], [null]),
  SENT(Object.assign(Object.create(null), { a: 1 }), { a: 1 }),
);

/** Values that have none. */
const unsendable: fc.Arbitrary<ValueCase> = fc.constantFrom<() => unknown>(
  () => 1n,
  () => Object(1n),
  () => Symbol("s"),
  () => new Map([[1, 2]]),
  () => new Set(),
  () => new Error("x"),
  () => /a/,
  () => Promise.resolve(1),
  () => new WeakMap(),
  () => new Headers(),
  () => new Response("text"),
  () => new URLSearchParams("a=b"),
  () => new Secret(),
  () => new Date(NaN),
  () => new Array(3),
  () => /a/.exec("a"),
  () => ({ [Symbol("s")]: 1 }),
  () => (function* () {})(),
).map((make) => ({ value: make(), arrives: undefined, refusedAt: [""] }));

const { tree } = fc.letrec<{ tree: ValueCase; list: ValueCase; record: ValueCase }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 6, arbitrary: plain },
    { weight: 1, arbitrary: formed },
    { weight: 4, arbitrary: tie("list") },
    { weight: 4, arbitrary: tie("record") },
    { weight: 1, arbitrary: fc.oneof({ weight: 4, arbitrary: plain }, unsendable) },
  ),
  list: fc.array(tie("tree"), { maxLength: 5 }).map((items) => ({
    value: items.map(({ value }) => value),
    arrives: items.map(({ arrives }) => arrives),
    refusedAt: items.flatMap(({ refusedAt }, at) => refusedAt.map((place) => `[${at}]${place}`)),
  })),
  record: fc.uniqueArray(fc.tuple(text, tie("tree")), { maxLength: 5, selector: ([key]) => key }).map((members) => ({
    value: record(members.map(([key, { value }]) => [key, value])),
    arrives: record(members.map(([key, { arrives }]) => [key, arrives])),
    refusedAt: members.flatMap(([key, { refusedAt }]) => refusedAt.map((place) => placeOf(key) + place)),
  })),
}));

/** A value of any kind. */
export const valueCase: fc.Arbitrary<ValueCase> = tree;

/** A member named "__proto__" is one like any other. */
function record(members: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const [key, value] of members) Object.defineProperty(made, key, { value, enumerable: true, configurable: true, writable: true });
  return made;
}

/** A member's part of a place in a message. */
export function placeOf(key: string): string {
  if (/^\d+$/.test(key)) return `[${key}]`;
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
