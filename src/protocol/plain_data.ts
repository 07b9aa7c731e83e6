/**
 * Which objects are data: nothing but the members that JSON writes.
 *
 * @module
 */

/** What to do about objects of the runtime that JSON would empty. */
const ADVICE: Readonly<Record<string, string>> = {
  Promise: "await it",
  Error: "send its message, or throw it",
  Map: "send its entries, [...it]",
  Set: "send its items, [...it]",
  Headers: "send its entries, [...it]",
  FormData: "send its entries, [...it]",
  URLSearchParams: "send its entries, [...it]",
  Request: "send its text() or its bytes()",
  Response: "send its text() or its bytes()",
};

/** The primitives that objects are made of by `Object(1)`, by the names of their classes. */
const BOXES: ReadonlySet<string> = new Set(["Number", "String", "Boolean", "BigInt", "Symbol"]);

/** Whether an object is written with braces and belongs to no class, as nearly all are. */
export function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The primitive within an object that holds nothing else, and within any other the object itself. */
export function unboxed(value: object): unknown {
  if (!BOXES.has(tagOf(value))) return value;
  const primitive: unknown = value.valueOf();
  const letters = typeof primitive === "string" ? primitive.length : 0;
  return Object.keys(value).length === letters ? primitive : value;
}

/**
 * Why an object of a class is no data, in words that go on from "is"; `undefined` for one whose members say all that can be said of it.
 *
 * What the runtime makes keeps its content elsewhere than in members. An own class may do so too, in private ones, and all of them then.
 */
export function whyNoData(value: object): string | undefined {
  const tag = tagOf(value);
  if (tag !== "Object" && tag in globalThis) {
    const advice = Object.hasOwn(ADVICE, tag) ? `; ${ADVICE[tag]}` : "";
    return `${article(nameOf(value) ?? tag)}, which JSON cannot carry${advice}`;
  }
  // A plain object of another realm, such as one of node:vm, has another prototype, above which there is nothing either.
  if (Object.keys(value).length > 0 || Object.getPrototypeOf(Object.getPrototypeOf(value)) === null) return undefined;
  return `${article(nameOf(value) ?? tag)} without a member that JSON could carry; give it a toJSON(), or send what it holds`;
}

/** The kind of an object, which derived classes and other realms have in common. */
function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

function nameOf(value: object): string | undefined {
  const { constructor } = value;
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : undefined;
}

function article(name: string): string {
  return `${/^[AEIOU]/.test(name) && !/^(U[A-Z]|Uint|URL)/.test(name) ? "an" : "a"} ${name}`;
}
