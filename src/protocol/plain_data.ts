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

/** To look through a value with more parts than these twice would take what is won by it. */
const MOST_PARTS = 1_000;

/** Whether a value is small, and JSON as it is: nothing in it has to be replaced, named or refused. */
export function isSmallPlainJson(value: unknown): boolean {
  return partsLeft(value, MOST_PARTS) >= 0;
}

/** How many parts there may be besides; less than none where a part is not plain. Nothing is made for this, for every call comes by here. */
function partsLeft(value: unknown, parts: number): number {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return parts - 1;
    case "number":
      return isPlainNumber(value) ? parts - 1 : -1;
    case "object":
      return value === null || parts <= 0 ? parts - 1 : Array.isArray(value) ? partsLeftOf(value, parts) : partsLeftIn(value, parts);
    default:
      return -1;
  }
}

function partsLeftOf(items: readonly unknown[], parts: number): number {
  if (items.length > parts || Object.keys(items).length !== items.length) return -1;
  let left = parts - 1;
  // A hole is no part, and something else may have as many members.
  for (let i = 0; i < items.length && left >= 0; i++) left = items[i] === undefined ? -1 : partsLeft(items[i], left);
  return left;
}

function partsLeftIn(record: object, parts: number): number {
  if (!isPlain(record) || Object.getOwnPropertySymbols(record).length > 0) return -1;
  let left = parts - 1;
  for (const key in record) {
    left = partsLeft((record as Record<string, unknown>)[key], left);
    if (left < 0) return left;
  }
  return left;
}

/** Whether JSON carries a number as it is: it has no NaN, no infinities, and JavaScript writes -0 as 0. */
export function isPlainNumber(value: number): boolean {
  return value - value === 0 && (value !== 0 || 1 / value > 0);
}

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
