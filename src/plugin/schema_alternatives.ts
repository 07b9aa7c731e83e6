/**
 * What a value may be, by the plugin's schema.
 *
 * @module
 */
import { type JsonSchema, resolveReference } from "./type_schema.ts";
import { isRecord } from "../protocol/json.ts";

/** The schemas of which a value has to fit one; none where everything fits. */
export function alternatives(schema: unknown, root: JsonSchema): JsonSchema[] {
  return collect(schema, { root, seen: new Set() });
}

interface Search {
  readonly root: JsonSchema;
  /** A schema may lead to itself. */
  readonly seen: Set<JsonSchema>;
}

function collect(schema: unknown, search: Search): JsonSchema[] {
  const found = newly(schema, search);
  if (found === undefined) return [];
  const { allOf, anyOf, oneOf, ...own } = found;
  if (Array.isArray(allOf)) return collect(joined({ ...found, allOf: undefined }, allOf, search), search);
  const either = anyOf ?? oneOf;
  if (Array.isArray(either)) return either.flatMap((one) => collect(saysKind(own) ? joined(own, [one], search) : one, search));
  if (Array.isArray(found.type)) return found.type.map((type) => ({ ...found, type }));
  return saysKind(found) ? [found] : [];
}

/** What a schema is or leads to, unless the search has been there. */
function newly(schema: unknown, { root, seen }: Search): JsonSchema | undefined {
  const found = isRecord(schema) && "$ref" in schema ? resolveReference(root, schema.$ref) : schema;
  if (!isRecord(found) || seen.has(found)) return undefined;
  seen.add(found);
  return found;
}

function saysKind(schema: JsonSchema): boolean {
  return ["type", "enum", "const", "properties"].some((key) => key in schema);
}

/** One schema in the place of several that all hold. */
function joined(own: JsonSchema, parts: readonly unknown[], search: Search): JsonSchema {
  return parts.map((part) => newly(part, search) ?? {}).reduce((first, second) => {
    const members = isRecord(first.properties) && isRecord(second.properties)
      ? { properties: { ...first.properties, ...second.properties } }
      : {};
    return { ...first, ...second, ...members, ...lists(first, second, "required"), ...lists(first, second, "allOf") };
  }, own);
}

function lists(first: JsonSchema, second: JsonSchema, key: string): JsonSchema {
  const [one, other] = [first[key], second[key]];
  return Array.isArray(one) && Array.isArray(other) ? { [key]: [...one, ...other] } : {};
}
