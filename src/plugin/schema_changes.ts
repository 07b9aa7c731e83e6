/**
 * What has changed between two schemas, in words.
 *
 * @module
 */
import { isRecord } from "../protocol/json.ts";
import { type JsonSchema, resolveReference } from "./type_schema.ts";

/** A schema, and the one in which its references are looked up. */
interface Side {
  readonly schema: JsonSchema;
  readonly root: JsonSchema;
}

/**
 * The differences between two schemas, as `typeSchema()` gives them.
 *
 * @param what What they describe, for example `the result of "execute"`.
 * @param nameMember How a member of the outermost object is called.
 */
export function schemaChanges(what: string, before: JsonSchema, after: JsonSchema, nameMember: (name: string) => string): string[] {
  const changes: string[] = [];
  new Comparison(changes, nameMember).compare(what, { schema: before, root: before }, { schema: after, root: after });
  return changes;
}

class Comparison {
  readonly #changes: string[];
  readonly #nameMember: ((name: string) => string) | undefined;
  /** The pairs of references that are being compared: a definition may hold itself. */
  readonly #open: Set<string>;

  constructor(changes: string[], nameMember?: (name: string) => string, open = new Set<string>()) {
    this.#changes = changes;
    this.#nameMember = nameMember;
    this.#open = open;
  }

  compare(what: string, before: Side, after: Side): void {
    const pair = `${before.schema.$ref} ${after.schema.$ref}`;
    const isReference = "$ref" in before.schema && "$ref" in after.schema;
    if (isReference && this.#open.has(pair)) return;
    if (isReference) this.#open.add(pair);
    this.#compareResolved(what, resolved(before), resolved(after));
  }

  #compareResolved(what: string, before: Side, after: Side): void {
    const [a, b] = [before.schema, after.schema];
    if (isRecord(a.properties) && isRecord(b.properties)) return this.#compareMembers(what, before, after);
    if (isRecord(a.items) && isRecord(b.items) && !a.prefixItems && !b.prefixItems) {
      return this.#inner().compare(`each of ${what}`, inside(before, a.items), inside(after, b.items));
    }
    for (const key of ["anyOf", "allOf", "prefixItems"]) {
      const [left, right] = [a[key], b[key]];
      if (Array.isArray(left) && Array.isArray(right) && left.length === right.length) {
        return left.forEach((one, at) => this.#inner().compare(what, inside(before, one), inside(after, right[at])));
      }
    }
    const [was, is] = [typeText(before), typeText(after)];
    if (was !== is) this.#changes.push(`${what} was ${was}, and is ${is}`);
  }

  #compareMembers(what: string, before: Side, after: Side): void {
    const [old, now] = [before.schema.properties as JsonSchema, after.schema.properties as JsonSchema];
    const name = this.#nameMember ?? ((member) => `"${member}" of ${what}`);
    for (const member of new Set([...Object.keys(old), ...Object.keys(now)])) {
      const [wasNeeded, isNeeded] = [isRequired(before, member), isRequired(after, member)];
      if (!Object.hasOwn(now, member)) this.#changes.push(`${name(member)} is gone`);
      else if (!Object.hasOwn(old, member)) this.#changes.push(`${name(member)} is new${isNeeded ? " and required" : ""}`);
      else {
        if (wasNeeded !== isNeeded) this.#changes.push(`${name(member)} is ${isNeeded ? "required" : "optional"} now`);
        this.#inner().compare(name(member), inside(before, old[member]), inside(after, now[member]));
      }
    }
    this.#inner().compare(`any other member of ${what}`, others(before), others(after));
  }

  /** One level down a member is one of what holds it. */
  #inner(): Comparison {
    return new Comparison(this.#changes, undefined, this.#open);
  }
}

function resolved(side: Side): Side {
  let { schema } = side;
  for (let steps = 0; "$ref" in schema && steps < 100; steps++) schema = resolveReference(side.root, schema.$ref) ?? {};
  return inside(side, schema);
}

function inside({ root }: Side, schema: unknown): Side {
  return { schema: isRecord(schema) ? schema : {}, root };
}

function others(side: Side): Side {
  const { additionalProperties = { not: {} } } = side.schema;
  return inside(side, additionalProperties);
}

function isRequired({ schema: { required } }: Side, member: string): boolean {
  return Array.isArray(required) && required.includes(member);
}

/** Of how many parts a text is made at most, and how long it may become. */
const MAX_PARTS = 200;
const MAX_TEXT = 1_000;

/** A type in a few words. */
function typeText(side: Side): string {
  const text = partText(side, { depth: 0, parts: { left: MAX_PARTS } });
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

/** Where a part stands, and how many more there may be. */
interface PartPlace {
  readonly depth: number;
  readonly parts: { left: number };
}

function partText(side: Side, { depth, parts }: PartPlace): string {
  if (depth > 5 || parts.left-- <= 0) return "…";
  const { schema } = resolved(side);
  const { type, enum: values, format, not, properties, items, prefixItems, anyOf, allOf, additionalProperties } = schema;
  const one = (part: unknown) => partText(inside(side, part), { depth: depth + 1, parts });
  const all = (list: readonly unknown[]) => list.slice(0, MAX_PARTS).map(one);
  if (not !== undefined) return "nothing";
  if (Array.isArray(values)) return values.slice(0, MAX_PARTS).map((value) => JSON.stringify(value)).join(" or ");
  if (format !== undefined) return format === "binary" ? "a file" : "a path";
  if (Array.isArray(anyOf)) return [...new Set(all(anyOf))].join(" or ");
  if (Array.isArray(allOf)) return [...new Set(all(allOf))].join(" and ");
  if (Array.isArray(prefixItems)) return `[${all(prefixItems).join(", ")}]`;
  if (isRecord(items)) return `a list of ${one(items)}`;
  if (isRecord(properties)) return `an object with ${Object.keys(properties).map((name) => `"${name}"`).join(", ") || "no members"}`;
  if (isRecord(additionalProperties)) return `an object of ${one(additionalProperties)}`;
  return typeof type === "string" ? type : Array.isArray(type) ? type.join(" or ") : "anything";
}
