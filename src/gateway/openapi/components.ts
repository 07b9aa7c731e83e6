/**
 * Schemas of plugins, as a document of many plugins holds them.
 *
 * @module
 */
import { type JsonSchema, resolveReference } from "../../plugin/type_schema.ts";
import { isRecord } from "../../protocol/json.ts";

/** How deep schemas may lie in one another; what is deeper is unknown. References begin anew. */
const MAX_DEPTH = 100;

/** A schema that is copied, and where its references lead. */
interface Source {
  readonly root: JsonSchema;
  /** What the components are called that its references become, as far as others do not have that name. */
  readonly prefix: string;
}

/**
 * Collects what schemas refer to. A schema's references are relative to itself, and inside a document they would lead elsewhere: each becomes a component.
 * Schemas come from plugins. What no schema may hold, and what is in another file or on the net, is left out.
 */
export class Components {
  readonly #schemas: Record<string, JsonSchema> = {};
  readonly #texts = new Map<string, string>();
  readonly #names = new WeakMap<JsonSchema, Map<JsonSchema, string>>();

  /** The components so far, by their names. */
  get schemas(): Readonly<Record<string, JsonSchema>> {
    return this.#schemas;
  }

  /** Copies a part of a schema, the whole of it by default, with references to components. */
  copy(source: Source, part: unknown = source.root): JsonSchema {
    return this.#copy(part, source, 0);
  }

  #copy(schema: unknown, source: Source, depth: number): JsonSchema {
    if (schema === false) return { not: {} };
    if (!isRecord(schema) || depth > MAX_DEPTH) return {};
    const inner = (one: unknown): JsonSchema => this.#copy(one, source, depth + 1);
    const members = Object.entries(inOneDialect(schema)).map(([keyword, value]) => [keyword, copyOf(keyword, value, inner)]);
    const copied = Object.fromEntries(members.filter(([, value]) => value !== undefined));
    const $ref = this.#reference(schema.$ref, source);
    return { ...isInteger(schema) ? SAFE : {}, ...copied, ...$ref === undefined ? {} : { $ref } };
  }

  #reference(reference: unknown, source: Source): string | undefined {
    const target = resolveReference(source.root, reference);
    if (target === undefined) return undefined;
    const names = this.#names.get(source.root) ?? new Map<JsonSchema, string>();
    this.#names.set(source.root, names);
    const name = names.get(target) ?? this.#add(String(reference), target, { source, names });
    return `#/components/schemas/${name}`;
  }

  #add(
    reference: string,
    target: JsonSchema,
    { source, names }: { readonly source: Source; readonly names: Map<JsonSchema, string> },
  ): string {
    const wanted = componentName(`${source.prefix}.${reference.split("/").at(-1)!.replace("#", "whole")}`);
    const text = JSON.stringify([target, source.root.$defs, source.root.definitions]);
    let name = wanted;
    for (let number = 2; this.#texts.has(name) && this.#texts.get(name) !== text; number++) name = `${wanted}.${number}`;
    names.set(target, name); // It may refer to itself.
    const isThere = this.#texts.has(name);
    this.#texts.set(name, text);
    if (!isThere) this.#schemas[name] = this.copy(source, target);
    return name;
  }
}

/** The integers that a gateway takes and gives: those of which JavaScript has a number. */
const SAFE: JsonSchema = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };

function isInteger({ type }: JsonSchema): boolean {
  return type === "integer" || Array.isArray(type) && type.includes("integer");
}

/** What a component may be called. */
export function componentName(text: string): string {
  return text.replaceAll(/[^\w.-]/g, "_");
}

/** Lists of items as JSON Schema 2020-12 writes them. */
function inOneDialect({ items, additionalItems, ...others }: JsonSchema): JsonSchema {
  return Array.isArray(items) ? { ...others, prefixItems: items, items: additionalItems } : { ...others, items };
}

const TYPES: readonly unknown[] = ["string", "number", "integer", "boolean", "null", "array", "object"];

const isType = (value: unknown): boolean => TYPES.includes(value) || Array.isArray(value) && value.length > 0 && value.every(isType);
const isText = (value: unknown): boolean => typeof value === "string";
const isFlag = (value: unknown): boolean => typeof value === "boolean";
const isNumber = (value: unknown): boolean => Number.isFinite(value);
const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;
const isNames = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isAnything = (): boolean => true;

/** The keywords whose values hold no schema, and what these may be. */
const PLAIN: Readonly<Record<string, (value: unknown) => boolean>> = {
  type: isType,
  enum: Array.isArray,
  const: isAnything,
  default: isAnything,
  examples: Array.isArray,
  title: isText,
  description: isText,
  deprecated: isFlag,
  readOnly: isFlag,
  writeOnly: isFlag,
  format: isText,
  contentMediaType: isText,
  contentEncoding: isText,
  multipleOf: (value) => isNumber(value) && (value as number) > 0,
  minimum: isNumber,
  maximum: isNumber,
  exclusiveMinimum: isNumber,
  exclusiveMaximum: isNumber,
  minLength: isCount,
  maxLength: isCount,
  pattern: isPattern,
  minItems: isCount,
  maxItems: isCount,
  uniqueItems: isFlag,
  minProperties: isCount,
  maxProperties: isCount,
  required: isNames,
};

const ONE_SCHEMA: ReadonlySet<string> = new Set([
  ...["items", "contains", "not", "if", "then", "else", "additionalProperties", "propertyNames"],
  ...["unevaluatedItems", "unevaluatedProperties"],
]);
const LISTS_OF_SCHEMAS: ReadonlySet<string> = new Set(["anyOf", "oneOf", "allOf", "prefixItems"]);
const SCHEMAS_BY_NAME: ReadonlySet<string> = new Set(["properties", "patternProperties", "dependentSchemas"]);

function copyOf(keyword: string, value: unknown, inner: (schema: unknown) => JsonSchema): unknown {
  if (Object.hasOwn(PLAIN, keyword)) return PLAIN[keyword]!(value) ? value : undefined;
  if (ONE_SCHEMA.has(keyword)) return typeof value === "boolean" ? value : isRecord(value) ? inner(value) : undefined;
  if (LISTS_OF_SCHEMAS.has(keyword)) return Array.isArray(value) && value.length > 0 ? value.map(inner) : undefined;
  if (!SCHEMAS_BY_NAME.has(keyword) || !isRecord(value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, inner(schema)]));
}

function isPattern(value: unknown): boolean {
  try {
    return typeof value === "string" && new RegExp(value, "u") !== undefined;
  } catch {
    return false;
  }
}
