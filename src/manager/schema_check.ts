/**
 * Whether a value conforms to a JSON Schema. How long it takes to find out, the schema decides: see `bounded_check.ts`.
 *
 * @module
 */
import { type Schema, Validator } from "@cfworker/json-schema";
import { isRecord } from "../protocol/json.ts";

/** A JSON Schema that is no boolean. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What a check has found. */
export interface Finding {
  /** What is wrong with the value, each with its place; nothing when it conforms. */
  readonly problems: readonly string[];
  /** Why the schema itself cannot be used. */
  readonly invalid?: string;
}

/** How many problems are told of a value. */
const MAX_PROBLEMS = 20;

/** A longer pattern is not looked at: nothing can interrupt the making of a regular expression. */
const MAX_PATTERN = 10_000;

/** Checks a value. `{}`, which is what a plugin without a schema gives, allows everything. */
export function checkValue(schema: JsonSchema, value: unknown): Finding {
  try {
    checkSchema(schema, "$");
    return { problems: problemsIn(new Validator(schema as Schema, "2020-12", false).validate(value).errors) };
  } catch (cause) {
    return { problems: [], invalid: cause instanceof Error ? cause.message.split("\n")[0]! : String(cause) };
  }
}

interface Violation {
  readonly keyword: string;
  readonly instanceLocation: string;
  readonly error: string;
}

function problemsIn(errors: readonly Violation[]): string[] {
  // The places above a wrong one are reported as well, and say nothing more.
  const causes = errors.filter(({ keyword }) => !ABOVE.has(keyword));
  const shown = causes.length > 0 ? causes : errors;
  const problems = shown.slice(0, MAX_PROBLEMS).map(({ keyword, instanceLocation, error }) =>
    `"${instanceLocation.replace(/^#/, "$").replaceAll("/", ".")}": ${
      keyword === "false" ? "is not allowed here" : error.replace(/\.$/, "")
    }`
  );
  return shown.length > MAX_PROBLEMS ? [...problems, `and ${shown.length - MAX_PROBLEMS} more`] : problems;
}

const ABOVE: ReadonlySet<string> = new Set([
  "properties",
  "items",
  "prefixItems",
  "allOf",
  "$ref",
  "additionalProperties",
  "patternProperties",
]);

const TYPES: ReadonlySet<unknown> = new Set(["null", "boolean", "object", "array", "number", "integer", "string"]);

/** The validator takes a misspelt schema for one that allows everything or nothing. */
function checkSchema(schema: unknown, place: string): void {
  if (typeof schema === "boolean") return;
  if (!isRecord(schema)) throw new TypeError(`"${place}" is ${JSON.stringify(schema)}, wanted is a schema`);
  const types = schema.type === undefined ? [] : Array.isArray(schema.type) ? schema.type : [schema.type];
  const wrong = types.find((type) => !TYPES.has(type));
  if (wrong !== undefined) throw new TypeError(`"${place}.type" is ${JSON.stringify(wrong)}, which is no type`);
  for (const key of ["properties", "$defs", "definitions", "patternProperties"]) {
    const inner = schema[key];
    if (inner === undefined) continue;
    if (!isRecord(inner)) throw new TypeError(`"${place}.${key}" is ${JSON.stringify(inner)}, wanted is an object`);
    for (const [name, one] of Object.entries(inner)) checkSchema(one, `${place}.${key}.${name}`);
  }
  if (schema.required !== undefined && !Array.isArray(schema.required)) throw new TypeError(`"${place}.required" is no list`);
  if (patternsIn(schema).some((pattern) => pattern.length > MAX_PATTERN)) {
    throw new TypeError(`"${place}" has a pattern of more than ${MAX_PATTERN} characters`);
  }
}

function patternsIn({ pattern, patternProperties }: JsonSchema): string[] {
  return [...typeof pattern === "string" ? [pattern] : [], ...isRecord(patternProperties) ? Object.keys(patternProperties) : []];
}
