/**
 * A plugin's schemas as MCP clients read them: plain JSON Schema, with a form for what is a file to the plugin.
 *
 * @module
 */
import { type JsonSchema, typeSchema } from "../plugin/type_schema.ts";
import { isRecord } from "../protocol/json.ts";
import type { MethodSignature } from "../protocol/messages.ts";

/** A schema of an object, which is what the arguments of a tool are. */
export type ObjectSchema = JsonSchema & { readonly type: "object" };

/** Where a client's files are. */
export type ClientFiles =
  /** On this machine, so that a path names one. */
  | "local"
  /** Elsewhere, so that it has to send their bytes. */
  | "remote";

/** The argument that holds what a plugin takes by position alone. */
export const POSITIONAL = "args";

/** How deep schemas may lie in one another. What is deeper may be anything. */
const MAX_DEPTH = 100;

/** The longest text for people that is passed on, in characters. */
const MAX_TEXT = 20_000;

/** The schema of a tool's arguments. What is not known of them may be anything. */
export function inputSchema({ arguments: named = {}, positional }: MethodSignature, files: ClientFiles): ObjectSchema {
  const own = new Passed(files, "").root(named);
  if (positional === undefined) return { ...own, type: "object" };
  // Each of the two has definitions of its own, which may have the same names.
  const list = new Passed(files, `${POSITIONAL}.`).root(positional);
  const { $defs: more, ...items } = list;
  const definitions = { ...record(own.$defs), ...record(more) };
  const required = Array.isArray(own.required) ? own.required : [];
  return {
    ...own,
    type: "object",
    properties: { ...record(own.properties), [POSITIONAL]: { ...items, type: "array" } },
    ...Number(positional.minItems) > 0 ? { required: [...required, POSITIONAL] } : {},
    ...Object.keys(definitions).length > 0 ? { $defs: definitions } : {},
  };
}

/** The schema of what a tool gives, where the plugin says it and it is more than a text or a file. */
export function outputSchema(schema: JsonSchema | undefined): JsonSchema | undefined {
  const told = typeSchema(schema ?? {}, { keepsTexts: true });
  if (Object.keys(told).length === 0 || told.type === "string" || told.type === "null") return undefined;
  return withGivenFiles(told) as JsonSchema;
}

/** What a text may be that stands for a file to the plugin. */
const FILE_TEXT: Readonly<Record<ClientFiles, string>> = {
  local: "A file: its path, or its bytes as a data: URL in base64",
  remote: "A file: its bytes as a data: URL in base64",
};

/** The formats of texts in whose place a plugin is given a file. */
const FILE_FORMATS: ReadonlySet<unknown> = new Set(["binary", "path"]);

/** Whether a value of this schema may be given as a file. */
export function takesFile({ format }: JsonSchema): boolean {
  return FILE_FORMATS.has(format);
}

type Rule = "value" | "schema" | "schemas" | "named";

/** What is passed on of a schema, and what each keyword holds. References that lead elsewhere are not. */
const KEYWORDS: Readonly<Record<string, Rule>> = {
  ...of("value", "type enum const default examples deprecated required title description format"),
  ...of("value", "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern"),
  ...of("value", "minItems maxItems uniqueItems minProperties maxProperties"),
  ...of("schema", "items additionalProperties propertyNames contains not if then else"),
  ...of("schemas", "prefixItems anyOf oneOf allOf"),
  ...of("named", "properties patternProperties dependentSchemas"),
};

function of(rule: Rule, keywords: string): Record<string, Rule> {
  return Object.fromEntries(keywords.split(" ").map((keyword) => [keyword, rule]));
}

/** Passes schemas on. */
class Passed {
  readonly #files: ClientFiles;
  /** What stands before the names of definitions. */
  readonly #prefix: string;

  constructor(files: ClientFiles, prefix: string) {
    this.#files = files;
    this.#prefix = prefix;
  }

  /** A whole schema with its definitions. */
  root(schema: JsonSchema): JsonSchema {
    const definitions = Object.entries({ ...record(schema.definitions), ...record(schema.$defs) });
    const own = this.#schema(schema, 0) as JsonSchema;
    if (definitions.length === 0) return own;
    return { ...own, $defs: Object.fromEntries(definitions.map(([name, one]) => [this.#prefix + name, this.#schema(one, 0)])) };
  }

  #schema(schema: unknown, depth: number): JsonSchema | boolean {
    if (typeof schema === "boolean") return schema;
    if (!isRecord(schema) || depth > MAX_DEPTH) return {};
    const members = Object.entries(schema).flatMap(([keyword, value]) => this.#member(keyword, value, depth + 1));
    const passed = { ...this.#reference(schema.$ref), ...Object.fromEntries(members) };
    return takesFile(schema) ? this.#file(passed, schema) : passed;
  }

  #reference(reference: unknown): JsonSchema {
    if (typeof reference !== "string") return {};
    const [, name] = /^#\/(?:\$defs|definitions)\/(.+)$/.exec(reference) ?? [];
    if (name !== undefined) return { $ref: `#/$defs/${this.#prefix}${name}` };
    return reference === "#" && this.#prefix === "" ? { $ref: "#" } : {};
  }

  #member(keyword: string, value: unknown, depth: number): [string, unknown][] {
    switch (Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined) {
      case "value":
        return [[keyword, typeof value === "string" ? value.slice(0, MAX_TEXT) : value]];
      case "schema":
        return [[keyword, this.#schema(value, depth)]];
      case "schemas":
        return Array.isArray(value) ? [[keyword, value.map((one) => this.#schema(one, depth))]] : [];
      case "named":
        return [[keyword, Object.fromEntries(Object.entries(record(value)).map(([name, one]) => [name, this.#schema(one, depth)]))]];
      case undefined:
        return [];
    }
  }

  #file({ format: _, ...passed }: JsonSchema, { format, description }: JsonSchema): JsonSchema {
    // A path may also be one that the plugin itself reads, wherever it runs.
    const what = format === "path" ? "A path, or a file's bytes as a data: URL in base64" : FILE_TEXT[this.#files];
    return { ...passed, description: typeof description === "string" ? `${description}\n${what}` : what };
  }
}

/** What stands in a structured result for a file that the plugin gave. */
export const GIVEN_FILE: JsonSchema = {
  type: "object",
  description: "A file, which is in the content of the result",
  properties: {
    media_type: { type: "string" },
    size: { type: "integer", description: "In bytes" },
    content: { type: "integer", description: "Which of the content's blocks has it, from 0" },
    uri: { type: "string", description: "Where a copy of it is" },
    dtype: { type: "string", description: "The element type of a small array, as numpy writes it" },
    shape: { type: "array", items: { type: "integer" } },
    values: { description: "The elements of a small array, in lists within lists" },
  },
  required: ["media_type", "size"],
};

/** A schema of what a plugin gives, with what stands for its files. */
function withGivenFiles(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withGivenFiles);
  if (!isRecord(schema)) return schema;
  if (schema.format === "binary") return GIVEN_FILE;
  // A path leads to a file that the plugin gives, or is no more than a text.
  if (schema.format === "path") return { anyOf: [{ type: "string" }, GIVEN_FILE] };
  return Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, withGivenFiles(value)]));
}

function record(value: unknown): JsonSchema {
  return isRecord(value) ? value : {};
}
