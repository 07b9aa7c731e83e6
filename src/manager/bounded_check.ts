/**
 * Checks by schemas that plugins have written, in bounded time: a `pattern` can take longer than the universe lasts, a few `$ref` as long as they like.
 *
 * @module
 */
import { isRecord } from "../protocol/json.ts";
import { messageOf } from "../protocol/text.ts";
import { resolveReference } from "../plugin/type_schema.ts";
import { askThread } from "../transport/asked_thread.ts";
import { checkValue, type Finding, type JsonSchema } from "./schema_check.ts";
import type { CheckOrder } from "./schema_thread.ts";

/** How long a check may take, in milliseconds: what is meant honestly takes less than one. */
export const MAX_CHECK_MS = 1_000;

/** How many steps a check may have that is made at once, in this thread: some milliseconds. */
const QUICK_STEPS = 1_000_000;

/** What can take any time, or leads to where it cannot be told. */
const SLOW: ReadonlySet<string> = new Set([
  "pattern",
  "patternProperties",
  "uniqueItems",
  "$dynamicRef",
  "$recursiveRef",
  "$anchor",
  "$dynamicAnchor",
  "$id",
]);

/** The formats that the validator has patterns for that can take any time, or that nobody would swear on. */
const SLOW_FORMATS: ReadonlySet<unknown> = new Set(["url", "uri", "uri-reference", "uri-template"]);

/**
 * Checks a value: at once when that is quick whatever the schema says, and else in a thread that is ended when it takes too long.
 *
 * @param json The value.
 * @returns `undefined` when it has taken too long.
 */
export async function checkWithin(schema: JsonSchema, json: string): Promise<Finding | undefined> {
  const steps = new Steps(schema).of(schema) * json.length;
  return steps <= QUICK_STEPS ? checkValue(schema, JSON.parse(json)) : await checkInThread({ schema, json });
}

/** At most how many parts of a schema one place of a value is held against. */
class Steps {
  readonly #root: JsonSchema;
  readonly #known = new Map<unknown, number>();

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  of(part: unknown): number {
    if (typeof part !== "object" || part === null) return 1;
    const known = this.#known.get(part);
    if (known !== undefined) return known;
    this.#known.set(part, Infinity); // What leads back to itself goes on for as long as the value does.
    const steps = Array.isArray(part) ? this.#sum(part) : this.#ofSchema(part as JsonSchema);
    this.#known.set(part, steps);
    return steps;
  }

  #ofSchema(schema: JsonSchema): number {
    if (Object.keys(schema).some((key) => SLOW.has(key)) || SLOW_FORMATS.has(schema.format)) return Infinity;
    const { $ref } = schema;
    const target = $ref === undefined ? undefined : resolveReference(this.#root, $ref);
    if ($ref !== undefined && target === undefined) return Infinity;
    return this.#sum(Object.values(schema)) + (isRecord(target) ? this.of(target) : 0);
  }

  #sum(parts: readonly unknown[]): number {
    return parts.reduce((sum: number, part) => sum + this.of(part), 1);
  }
}

async function checkInThread(order: CheckOrder): Promise<Finding | undefined> {
  const { SCHEMA_THREAD_SOURCE } = await import("../worker/generated/schema_thread.ts");
  const url = new URL(`data:text/javascript,${encodeURIComponent(SCHEMA_THREAD_SOURCE)}`);
  try {
    return await askThread<Finding>(url, order, { limitMs: MAX_CHECK_MS });
  } catch (error) {
    return { problems: [], invalid: messageOf(error) };
  }
}
