/**
 * What a plugin takes and gives, for people.
 *
 * @module
 */
import type { JsonSchema } from "../../plugin/type_schema.ts";
import { isRecord } from "../../protocol/json.ts";
import type { MethodSignature } from "../../protocol/messages.ts";
import { alternatives } from "../../plugin/schema_alternatives.ts";

/** How many characters of a type are shown. */
const MAX_TYPE = 60;

/** How deep lists are shown in one another. */
const MAX_DEPTH = 3;

/** A method in one line: `execute(text: string, times: integer = 1) -> string`. */
export function signatureText(given: string, { arguments: root, positional, result, chunk }: MethodSignature): string {
  // A name with a line break would pass for two lines of ours.
  const name = given.replaceAll(/\s+/g, " ");
  const gives = chunk === undefined ? givenText("->", result) : givenText("yields", chunk);
  return `${name}(${[...positionalTexts(positional), ...namedTexts(root)].join(", ")})${gives}`;
}

function givenText(how: string, schema: JsonSchema | undefined): string {
  return schema === undefined ? "" : ` ${how} ${typeText(schema, schema)}`;
}

/** The rows of a table of a method's arguments: what is written, its type, whether it is needed, what it is for. */
export function argumentRows({ arguments: root = {} }: MethodSignature): string[][] {
  return argumentsOf(root).map(({ name, schema, isRequired, byDefault }) => [
    `--${name}`,
    typeText(schema, root),
    isRequired ? "needed" : byDefault === undefined ? "" : `default ${byDefault}`,
    firstLine(schema.description),
  ]);
}

/** The first line of a text of the plugin's; nothing when it has none. */
export function firstLine(text: unknown): string {
  return typeof text === "string" ? text.trim().split(/[\r\n]/, 1)[0]! : "";
}

interface Argument {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
  /** The value that it has when none is given, as JSON. */
  readonly byDefault: string | undefined;
}

function argumentsOf(root: JsonSchema): Argument[] {
  const required: readonly unknown[] = Array.isArray(root.required) ? root.required : [];
  return Object.entries(isRecord(root.properties) ? root.properties : {}).map(([given, property]) => {
    // A name with a line break would pass for two lines of ours.
    const name = given.replaceAll(/\s+/g, " ");
    const schema = isRecord(property) ? property : {};
    return {
      name,
      schema,
      isRequired: required.includes(name),
      byDefault: "default" in schema ? JSON.stringify(schema.default) : undefined,
    };
  });
}

/** A method that says nothing of its arguments may take any, and so may one whose schema leaves room for more. */
function namedTexts(root: JsonSchema | undefined): string[] {
  if (root === undefined) return ["…"];
  const named = argumentsOf(root).map(({ name, schema, isRequired, byDefault }) => {
    const mark = isRequired || byDefault !== undefined ? "" : "?";
    return `${name}${mark}: ${typeText(schema, root)}${byDefault === undefined ? "" : ` = ${byDefault}`}`;
  });
  return root.additionalProperties === false ? named : [...named, "…"];
}

function positionalTexts(positional: JsonSchema | undefined): string[] {
  if (positional === undefined) return [];
  const first = Array.isArray(positional.prefixItems) ? positional.prefixItems.map((item) => typeText(item, positional)) : [];
  return isRecord(positional.items) ? [...first, `*${typeText(positional.items, positional)}`] : first;
}

/** A type in few words. */
function typeText(schema: unknown, root: JsonSchema): string {
  const text = textOf(schema, root, MAX_DEPTH);
  return text.length > MAX_TYPE ? `${text.slice(0, MAX_TYPE - 1)}…` : text;
}

function textOf(schema: unknown, root: JsonSchema, depth: number): string {
  const options = alternatives(schema, root);
  if (options.length === 0 || depth === 0) return "any";
  return [...new Set(options.map((option) => optionText(option, root, depth)))].join(" | ");
}

function optionText({ type, format, enum: values, items }: JsonSchema, root: JsonSchema, depth: number): string {
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(" | ");
  if (format === "binary") return "file";
  if (type !== "array") return String(type);
  return isRecord(items) ? `list of ${textOf(items, root, depth - 1)}` : "list";
}
