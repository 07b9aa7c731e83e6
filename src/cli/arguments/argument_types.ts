/**
 * What a plugin says of its arguments, for words of a command line.
 *
 * @module
 */
import { resolve, toFileUrl } from "@std/path";
import { nameHint } from "../../manifest/nearest_name.ts";
import type { JsonSchema } from "../../plugin/type_schema.ts";
import * as texts from "../../plugin/text_values.ts";
import { isRecord } from "../../protocol/json.ts";
import type { MethodSignature } from "../../protocol/messages.ts";
import { UsageError } from "../exit.ts";
import { alternatives } from "../../plugin/schema_alternatives.ts";

/** How long names are, and how many, among which the nearest is looked for. */
const MAX_NAME = 100;
const MAX_NAMES = 1_000;

/** The arguments of one method. */
export class ArgumentTypes {
  readonly #root: JsonSchema;
  readonly #properties: Readonly<Record<string, unknown>>;
  readonly #positional: JsonSchema | undefined;

  /** A method of which nothing is known takes everything. */
  constructor({ arguments: root = {}, positional }: MethodSignature) {
    this.#root = root;
    this.#properties = isRecord(root.properties) ? root.properties : {};
    this.#positional = positional;
  }

  /** Whether there is an argument of this name. */
  knows(name: string): boolean {
    return Object.hasOwn(this.#properties, name);
  }

  /** Whether an argument is true or false, so that its name alone says enough. */
  isSwitch(name: string): boolean {
    const options = this.knows(name) ? alternatives(this.#properties[name], this.#root) : [];
    return options.length > 0 && options.every(({ type }) => type === "boolean" || type === "null");
  }

  /** The value of what was written for a name. */
  named(name: string, given: readonly (string | boolean)[]): unknown {
    if (!this.knows(name)) return this.#unknown(name, given);
    const options = alternatives(this.#properties[name], this.#root);
    const list = options.find(({ type }) => type === "array");
    const isWhole = given.length === 1 && typeof given[0] === "string" && given[0].startsWith("[");
    if (list !== undefined && !isWhole) return given.map((one) => this.#value(`--${name}`, one, alternatives(list.items, this.#root)));
    if (given.length > 1 && options.length > 0) throw new UsageError(`--${name} is given ${given.length} times, and is no list`);
    const values = given.map((one) => this.#value(`--${name}`, one, options));
    return values.length === 1 ? values[0] : values;
  }

  /** The value of a word that stands alone, the first of which is number 0. */
  positional(at: number, text: string): unknown {
    const { prefixItems, items } = this.#positional ?? {};
    const own = Array.isArray(prefixItems) ? prefixItems[at] ?? items : undefined;
    const schema = this.#positional === undefined ? Object.values(this.#properties)[at] : own;
    return this.#value(`Argument ${at + 1}`, text, alternatives(schema, this.#positional ?? this.#root));
  }

  /** Makes sure that all that is needed is there. What stands alone fills the first places. */
  demand(names: ReadonlySet<string>, alone: number): void {
    const filled = this.#positional === undefined ? Object.keys(this.#properties).slice(0, alone) : [];
    const required = Array.isArray(this.#root.required) ? this.#root.required as string[] : [];
    const missing = required.filter((name) => !names.has(name) && !filled.includes(name));
    if (missing.length === 0) return;
    throw new UsageError(`It needs ${missing.map((name) => this.#described(name)).join(", ")}`);
  }

  #described(name: string): string {
    const { description } = isRecord(this.#properties[name]) ? this.#properties[name] : {};
    return typeof description === "string" ? `--${name} (${description.split("\n")[0]})` : `--${name}`;
  }

  #unknown(name: string, given: readonly (string | boolean)[]): unknown {
    const known = Object.keys(this.#properties);
    if (this.#root.additionalProperties === false) {
      // To compare with a name takes as long as that is, and names are the plugin's.
      const near = known.filter(({ length }) => length <= MAX_NAME).slice(0, MAX_NAMES);
      const hint = known.length === 0
        ? ". It takes no arguments by name"
        : near.length === 0
        ? ""
        : `. ${nameHint(name, near, (one) => `--${one}`)}`;
      throw new UsageError(`There is no argument --${name}${hint}`);
    }
    const values = given.map((one) => typeof one === "string" ? readValue(one) : one);
    return values.length === 1 ? values[0] : values;
  }

  #value(what: string, given: string | boolean, options: readonly JsonSchema[]): unknown {
    if (options.length === 0) return typeof given === "string" ? readValue(given) : given;
    for (const option of options) {
      const [value] = valuesOf(given, option);
      if (value !== undefined) return value;
    }
    const wanted = [...new Set(options.map(nameOf))].join(" or ");
    if (given === true) throw new UsageError(`${what} needs a value: ${wanted}`);
    throw new UsageError(`${what} must be ${wanted}, not ${typeof given === "string" ? `"${given}"` : "switched off"}`);
  }
}

/** What a word is as a value of this schema; nothing when it is none. */
function valuesOf(given: string | boolean, schema: JsonSchema): unknown[] {
  const isChoice = Array.isArray(schema.enum);
  if (typeof given === "boolean" && !isChoice) return schema.type === "boolean" ? [given] : [];
  if (typeof given === "string" && schema.format === "binary" && !isChoice) return [fileAt(given)];
  return asUsage(() => texts.valuesOfText(String(given), schema));
}

/** A file that the plugin is given as one. */
function fileAt(path: string): URL {
  const file = resolve(path);
  try {
    Deno.statSync(file);
  } catch (cause) {
    throw new UsageError(`Cannot give the file "${path}": ${(cause as Error).message}`, { cause });
  }
  return toFileUrl(file);
}

function nameOf({ type, format, enum: values }: JsonSchema): string {
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(" or ");
  if (format === "binary") return "a file";
  return { integer: "a whole number", null: "null" }[String(type)] ?? `${/^[aeiou]/.test(String(type)) ? "an" : "a"} ${type}`;
}

/** JSON where it reads as such, and text where not. */
export function readValue(text: string): unknown {
  return asUsage(() => texts.readValue(text));
}

/**
 * Reads JSON; `undefined` when it is none.
 *
 * @throws {UsageError} When it holds an integer that would become another one.
 */
export function parseJson(text: string): unknown {
  return asUsage(() => texts.parseJson(text));
}

/** Whoever typed a text that is no value is told so. */
function asUsage<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof texts.TextValueError ? new UsageError(cause.message, { cause }) : cause;
  }
}
