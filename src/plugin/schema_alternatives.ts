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
  const found = isRecord(schema) && "$ref" in schema ? resolveReference(search.root, schema.$ref) : schema;
  if (!isRecord(found) || search.seen.has(found)) return [];
  search.seen.add(found);
  const either = found.anyOf ?? found.oneOf;
  if (Array.isArray(either)) return either.flatMap((one) => collect(one, search));
  if (Array.isArray(found.type)) return found.type.map((type) => ({ ...found, type }));
  return "type" in found || "enum" in found ? [found] : [];
}
