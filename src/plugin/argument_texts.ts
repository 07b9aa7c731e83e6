/**
 * A plugin's arguments that were written as texts: on a command line, in a form, in a URL.
 *
 * @module
 */
import { nameHint } from "../manifest/nearest_name.ts";
import { isRecord } from "../protocol/json.ts";
import { alternatives } from "./schema_alternatives.ts";
import { readValue, TextValueError, valuesOfText } from "./text_values.ts";
import type { JsonSchema } from "./type_schema.ts";

/** How long names are, and how many, among which the nearest is looked for. */
const MAX_NAME = 100;
const MAX_NAMES = 1_000;

/** What was written for an argument: a text, a name alone that says yes or no, or what is a value already. */
export type Written = string | boolean | object;

/** How arguments are written in one place. */
export interface ArgumentTextOptions {
  /** How messages name an argument, for example `--beams`. */
  readonly label: (name: string) => string;
  /** What a text is for an argument that takes bytes. */
  readonly bytesOf: (text: string) => object;
}

/** Texts become values by the schema of a plugin's arguments. */
export class ArgumentTexts {
  readonly #root: JsonSchema;
  readonly #properties: Readonly<Record<string, unknown>>;
  readonly #options: ArgumentTextOptions;

  /** A schema that says nothing takes everything. */
  constructor(root: JsonSchema, options: ArgumentTextOptions) {
    this.#root = root;
    this.#properties = isRecord(root.properties) ? root.properties : {};
    this.#options = options;
  }

  /** The schemas of the arguments, by name. */
  get properties(): Readonly<Record<string, unknown>> {
    return this.#properties;
  }

  /** Whether there is an argument of this name. */
  knows(name: string): boolean {
    return Object.hasOwn(this.#properties, name);
  }

  /**
   * The value of all that was written for a name.
   *
   * @throws {TextValueError} When that is no such value, or there is no such argument.
   */
  named(name: string, given: readonly Written[]): unknown {
    if (!this.knows(name)) return this.#unknown(name, given);
    const label = this.#options.label(name);
    const options = alternatives(this.#properties[name], this.#root);
    const list = options.find(({ type }) => type === "array");
    const isNull = given[0] === "null" && options.some(({ type }) => type === "null");
    const isWhole = given.length === 1 && typeof given[0] === "string" && (given[0].startsWith("[") || isNull);
    if (list !== undefined && !isWhole) return given.map((one) => this.value(label, one, alternatives(list.items, this.#root)));
    if (given.length > 1 && options.length > 0) throw new TextValueError(`${label} is given ${given.length} times, and is no list`);
    return oneOrAll(given.map((one) => this.value(label, one, options)));
  }

  /**
   * The value of what was written, which one of the schemas has to fit.
   *
   * @throws {TextValueError} When none does.
   */
  value(label: string, given: Written, options: readonly JsonSchema[]): unknown {
    if (options.length === 0) return typeof given === "string" ? readValue(given) : given;
    // A file is its path to a plugin, and its bytes to another one.
    if (typeof given === "object" && options.some(takesFile)) return given;
    for (const option of options) {
      const [value] = this.#valuesOf(given, option);
      if (value !== undefined) return value;
    }
    const wanted = [...new Set(options.map(nameOf))].join(" or ");
    if (given === true) throw new TextValueError(`${label} needs a value: ${wanted}`);
    const what = typeof given === "string" ? `"${given}"` : given === false ? "switched off" : "a file";
    throw new TextValueError(`${label} must be ${wanted}, not ${what}`);
  }

  /** What a word is as a value of this schema; nothing when it is none. */
  #valuesOf(given: Written, schema: JsonSchema): unknown[] {
    if (typeof given === "object") return [];
    const isChoice = Array.isArray(schema.enum);
    if (typeof given === "boolean" && !isChoice) return schema.type === "boolean" ? [given] : [];
    if (typeof given === "string" && schema.format === "binary" && !isChoice) return [this.#options.bytesOf(given)];
    return valuesOfText(String(given), schema);
  }

  #unknown(name: string, given: readonly Written[]): unknown {
    if (this.#root.additionalProperties !== false) return oneOrAll(given.map((one) => typeof one === "string" ? readValue(one) : one));
    const known = Object.keys(this.#properties);
    throw new TextValueError(`There is no argument ${this.#options.label(name)}${this.#hint(name, known)}`);
  }

  #hint(name: string, known: readonly string[]): string {
    if (known.length === 0) return ". It takes no arguments by name";
    // To compare with a name takes as long as that is, and names are the plugin's.
    const near = known.filter(({ length }) => length <= MAX_NAME).slice(0, MAX_NAMES);
    return near.length === 0 ? "" : `. ${nameHint(name, near, this.#options.label)}`;
  }
}

function oneOrAll(values: readonly unknown[]): unknown {
  return values.length === 1 ? values[0] : values;
}

/** Whether a value of this schema may be a path or bytes. What is told by no type may be all. */
function takesFile({ type, enum: values }: JsonSchema): boolean {
  return (type === "string" || type === undefined) && values === undefined;
}

function nameOf({ type, format, enum: values }: JsonSchema): string {
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(" or ");
  if (format === "binary") return "a file";
  return { integer: "a whole number", null: "null" }[String(type)] ?? `${/^[aeiou]/.test(String(type)) ? "an" : "a"} ${type}`;
}
