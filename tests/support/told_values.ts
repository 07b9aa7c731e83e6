/**
 * What the fixture `makes_values` tells of a value that it makes, and what becomes of that on its way to JavaScript.
 *
 * @module
 */
import { placeOf } from "./value_cases.ts";

/** A value of Python in words of JSON. */
export type ToldValue =
  | { readonly is: "none" | "refused" }
  | { readonly is: "bool"; readonly value: boolean }
  | { readonly is: "integer" | "float" | "text"; readonly value: string }
  | { readonly is: "list"; readonly items: readonly ToldValue[] }
  | { readonly is: "mapping"; readonly members: readonly (readonly [string, ToldValue])[] };

/** Where something is in a value. */
export type Path = readonly (string | number)[];

/** What arrives, and where something is that does not, and for which all is refused. */
export interface Arrival {
  readonly value: unknown;
  readonly refusedAt: readonly Path[];
}

/** The place as a worker in Python says it, and as the host does. */
export function placesOf(path: Path): readonly [string, string] {
  return [`$${path.map(pythonPlaceOf).join("")}`, `$${path.map((part) => placeOf(String(part))).join("")}`];
}

function pythonPlaceOf(part: string | number): string {
  if (typeof part === "number") return `[${part}]`;
  const inAscii = () =>
    JSON.stringify(part).replaceAll(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return /^[A-Za-z_]\w*$/.test(part) ? `.${part}` : `[${inAscii()}]`;
}

/** What arrives of a value. */
export function arrivalOf(told: ToldValue, path: Path = []): Arrival {
  switch (told.is) {
    case "none":
      return { value: null, refusedAt: [] };
    case "refused":
      return { value: undefined, refusedAt: [path] };
    case "float":
      return { value: floatOf(told.value), refusedAt: [] };
    case "integer":
      return integer(told.value, path);
    case "list":
      return list(told.items, path);
    case "mapping":
      return mapping(told.members, path);
    default:
      return { value: told.value, refusedAt: [] };
  }
}

function floatOf(text: string): number {
  const names: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, "-inf": -Infinity };
  return names[text] ?? Number(text);
}

/** It arrives when JavaScript has a number for it, or writes the nearest one by the same digits. */
function integer(hexadecimal: string, path: Path): Arrival {
  const exact = hexadecimal.startsWith("-") ? -BigInt(hexadecimal.slice(1)) : BigInt(hexadecimal);
  const value = Number(exact);
  const arrives = Number.isFinite(value) && (BigInt(value) === exact || String(value) === String(exact));
  return { value, refusedAt: arrives ? [] : [path] };
}

function list(items: readonly ToldValue[], path: Path): Arrival {
  const arrivals = items.map((item, at) => arrivalOf(item, [...path, at]));
  return { value: arrivals.map(({ value }) => value), refusedAt: arrivals.flatMap(({ refusedAt }) => refusedAt) };
}

function mapping(members: readonly (readonly [string, ToldValue])[], path: Path): Arrival {
  const arrivals = members.map(([key, told]) => [key, arrivalOf(told, [...path, key])] as const);
  const value = {};
  for (const [key, member] of arrivals) Object.defineProperty(value, key, { value: member.value, enumerable: true, configurable: true });
  const meets = new Set(members.map(([key]) => key)).size < members.length;
  return { value, refusedAt: [...meets ? [path] : [], ...arrivals.flatMap(([, { refusedAt }]) => refusedAt)] };
}
