/**
 * Values of a plugin's arguments that were written as texts: on a command line, in a form, in the query of a URL.
 *
 * @module
 */
import { findLongInteger } from "../protocol/exact_integers.ts";
import { isRecord, parseJson as readJson } from "../protocol/json.ts";
import type { JsonSchema } from "./type_schema.ts";

/** A text is no value that could be sent as it is meant. */
export class TextValueError extends Error {
  override name = "TextValueError";
}

/**
 * What a text is as a value of this schema, which is one of the {@linkcode alternatives}; nothing when it is none.
 *
 * @throws {TextValueError} When it holds an integer that would become another one.
 */
export function valuesOfText(text: string, { type, enum: values }: JsonSchema): unknown[] {
  if (Array.isArray(values)) return values.filter((value) => String(value) === text).slice(0, 1);
  if (type === "string") return [text];
  const value = readValue(text);
  return IS_OF_TYPE[String(type)]?.(value) ?? false ? [value] : [];
}

const IS_OF_TYPE: Readonly<Record<string, (value: unknown) => boolean>> = {
  number: (value) => typeof value === "number",
  integer: Number.isInteger,
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
  array: Array.isArray,
  object: isRecord,
};

/**
 * JSON where it reads as such, and text where not.
 *
 * @throws {TextValueError} When it holds an integer that would become another one.
 */
export function readValue(text: string): unknown {
  if (!/^(-?\d|[{["]|(true|false|null)$)/.test(text)) return text;
  const value = parseJson(text);
  return value === undefined ? text : value;
}

/**
 * Reads JSON; `undefined` when it is none.
 *
 * @throws {TextValueError} When it holds an integer that would become another one.
 */
export function parseJson(text: string): unknown {
  const value = readJson(text);
  const long = findLongInteger(value, () => text);
  if (long === undefined) return value;
  throw new TextValueError(
    `No number of JavaScript holds ${long.digits}, and it would be sent as another one. Put it in quotes, as a text`,
  );
}
