/**
 * The part of a JSON Schema that a type is made of.
 *
 * @module
 */
import { isRecord } from "../protocol/json.ts";

/** A JSON Schema that is no boolean. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What is kept of a schema besides what a type depends on. */
export interface TypeSchemaOptions {
  /** Whether texts for people are kept: titles of objects, descriptions, what is deprecated. Default: false. */
  readonly keepsTexts?: boolean;
}

/** How deep schemas may lie in one another; what is deeper is unknown. References begin anew. */
const MAX_DEPTH = 100;

/** The options, and how deep it is. */
interface Context extends TypeSchemaOptions {
  readonly depth: number;
}

/**
 * What a type depends on, in one way of writing: that of JSON Schema 2020-12. Schemas come from plugins, so that nothing that is not known is kept,
 * and what is elsewhere, in another file or on the net, is unknown.
 */
export function typeSchema(schema: JsonSchema, options: TypeSchemaOptions = {}): JsonSchema {
  const context = { ...options, depth: 0 };
  const kept = reduced(schema, context);
  const definitions = { ...record(schema.definitions), ...record(schema.$defs) };
  if (Object.keys(definitions).length === 0) return kept;
  return { ...kept, $defs: mapValues(definitions, (one) => reduced(one, context)) };
}

/** What a reference inside a schema leads to; `undefined` when that is nothing. */
export function resolveReference(root: JsonSchema, reference: unknown): JsonSchema | undefined {
  if (typeof reference !== "string" || !reference.startsWith("#")) return undefined;
  const path = reference.split("/").slice(1).map(decodePointer);
  let found: unknown = root;
  for (const part of path) found = isRecord(found) && Object.hasOwn(found, part) ? found[part] : undefined;
  return isRecord(found) ? found : undefined;
}

/** One part of a reference as the name of a member. */
export function decodePointer(part: string): string {
  const plain = part.replaceAll("~1", "/").replaceAll("~0", "~");
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}

function reduced(schema: unknown, { depth, ...options }: Context): JsonSchema {
  if (schema === false) return { not: {} };
  if (!isRecord(schema) || depth > MAX_DEPTH) return {};
  const inner = { ...options, depth: depth + 1 };
  const own = { ...scalars(schema), ...members(schema, inner), ...items(schema, inner), ...unions(schema, inner) };
  return { ...own, ...options.keepsTexts ? texts(schema) : {} };
}

function scalars({ $ref, type, enum: values, const: value, format, not }: JsonSchema): JsonSchema {
  return defined({
    $ref: typeof $ref === "string" && $ref.startsWith("#") ? $ref.replace(/^#\/definitions\//, "#/$defs/") : undefined,
    type,
    enum: Array.isArray(values) ? values : value === undefined ? undefined : [value],
    format: FORMATS[String(format)],
    not: isRecord(not) && Object.keys(not).length === 0 ? not : undefined,
  });
}

/** The formats that say what may travel as a file. */
const FORMATS: Readonly<Record<string, string>> = { binary: "binary", path: "path", "file-path": "path", "directory-path": "path" };

function members({ properties, required, additionalProperties, patternProperties }: JsonSchema, options: Context): JsonSchema {
  const names = isRecord(properties) ? Object.keys(properties) : [];
  const needed = Array.isArray(required) ? names.filter((name) => required.includes(name)) : [];
  return defined({
    properties: isRecord(properties) ? mapValues(properties, (one) => reduced(one, options)) : undefined,
    required: needed.length > 0 ? needed : undefined,
    additionalProperties: isRecord(patternProperties) || additionalProperties === true
      ? true
      : isRecord(additionalProperties)
      ? reduced(additionalProperties, options)
      : undefined,
  });
}

function items({ items, prefixItems, additionalItems, minItems }: JsonSchema, options: Context): JsonSchema {
  const first = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : undefined;
  const rest = Array.isArray(items) ? additionalItems : items;
  if (first === undefined) return isRecord(rest) ? { items: reduced(rest, options) } : {};
  return defined({
    prefixItems: first.map((one) => reduced(one, options)),
    items: rest === false ? false : reduced(rest, options),
    minItems: typeof minItems === "number" ? minItems : undefined,
  });
}

function unions({ anyOf, oneOf, allOf }: JsonSchema, options: Context): JsonSchema {
  const either = Array.isArray(anyOf) ? anyOf : oneOf;
  return defined({
    anyOf: Array.isArray(either) ? either.map((one) => reduced(one, options)) : undefined,
    allOf: Array.isArray(allOf) ? allOf.map((one) => reduced(one, options)) : undefined,
  });
}

function texts({ title, description, deprecated, properties }: JsonSchema): JsonSchema {
  // Of everything else the title says no more than its place, and would become a type of its own.
  const isNamed = typeof title === "string" && isRecord(properties);
  return defined({
    title: isNamed ? title : undefined,
    description: typeof description === "string" && description !== "" ? description : undefined,
    deprecated: deprecated === true ? true : undefined,
  });
}

function record(value: unknown): JsonSchema {
  return isRecord(value) ? value : {};
}

function defined(members: Readonly<Record<string, unknown>>): JsonSchema {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function mapValues(members: JsonSchema, change: (member: unknown) => JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, change(member)]));
}
