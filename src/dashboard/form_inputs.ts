/**
 * The inputs by which somebody gives what a schema describes.
 *
 * @module
 */
import { alternatives } from "../plugin/schema_alternatives.ts";
import type { JsonSchema } from "../plugin/type_schema.ts";
import { isRecord } from "../protocol/json.ts";
import type { Field, FieldInput, ListInput, TextFormat, UnionInput } from "./form.ts";

/** The most inputs that a person can read, and how deep they lie in one another. Schemas come from plugins. */
const MAX_INPUTS = 500;
const MAX_DEPTH = 12;
const MAX_CHOICES = 1_000;

/** How inputs are made. */
export interface InputOptions {
  /** The schema in which references lead. */
  readonly root: JsonSchema;
  /** A file of the plugin's machine is named by its path. */
  readonly namesFiles?: boolean;
  /** With what the names of shared inputs begin. */
  readonly prefix?: string;
}

/** Makes the inputs of one form. */
export class InputMaker {
  readonly #options: InputOptions;
  /** The schemas whose inputs are being made, from the outermost on. */
  readonly #open: JsonSchema[] = [];
  readonly #names = new Map<JsonSchema, string>();
  readonly #shared = new Map<string, FieldInput>();
  #count = 0;

  constructor(options: InputOptions) {
    this.#options = options;
  }

  /** The inputs that hold themselves, of all that were made. */
  get shared(): Readonly<Record<string, FieldInput>> {
    return Object.fromEntries(this.#shared);
  }

  /** The input for a value of a schema. */
  input(schema: unknown): FieldInput {
    return this.among(alternatives(schema, this.#options.root));
  }

  /** The input for a value that fits one of some schemas. */
  among(options: readonly JsonSchema[]): FieldInput {
    const [only, ...others] = options;
    if (only === undefined) return { kind: "json", reason: "The plugin does not say what it takes here" };
    if (options.some(isFile)) return this.#options.namesFiles ? { kind: "text", format: "any" } : { kind: "file" };
    return others.length === 0 ? this.#guarded(only) : this.#union(options);
  }

  /** A schema may hold itself, and it may be larger than anybody can read. */
  #guarded(schema: JsonSchema): FieldInput {
    if (this.#open.includes(schema)) return { kind: "shared", name: this.#nameOf(schema) };
    if (this.#open.length >= MAX_DEPTH) return { kind: "json", reason: `It lies in ${MAX_DEPTH} others, which is too deep for a form` };
    if (++this.#count > MAX_INPUTS) return { kind: "json", reason: `The form has ${MAX_INPUTS} fields already` };
    this.#open.push(schema);
    const input = this.#ofKind(schema);
    this.#open.pop();
    const name = this.#names.get(schema);
    if (name !== undefined) this.#shared.set(name, input);
    return input;
  }

  #nameOf(schema: JsonSchema): string {
    const name = this.#names.get(schema) ?? `${this.#options.prefix ?? ""}${this.#names.size}`;
    this.#names.set(schema, name);
    return name;
  }

  #ofKind(schema: JsonSchema): FieldInput {
    const choices = Array.isArray(schema.enum) ? schema.enum : "const" in schema ? [schema.const] : undefined;
    if (choices?.length === 1) return { kind: "constant", value: choices[0] };
    if (choices !== undefined) return choiceInput(choices);
    switch (schema.type ?? "object") {
      case "null":
        return { kind: "constant", value: null };
      case "boolean":
        return { kind: "switch" };
      case "string":
        return textInput(schema);
      case "integer":
      case "number":
        return numberInput(schema);
      case "array":
        return this.#list(schema);
      case "object":
        return this.#object(schema);
      default:
        return { kind: "json", reason: `It takes a value of the type ${JSON.stringify(schema.type)}` };
    }
  }

  #union(options: readonly JsonSchema[]): UnionInput {
    const made = options.map((one) => {
      const input = this.#guarded(one);
      return { title: titleOf(one, input), input };
    });
    return {
      kind: "union",
      options: made.map(({ title, input }, at) => ({ title: isAlone(title, made) ? title : `${title} (${at + 1})`, input })),
    };
  }

  #list(schema: JsonSchema): FieldInput {
    const { prefixItems, items, additionalItems, uniqueItems } = schema;
    const first: readonly unknown[] = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : [];
    const rest = Array.isArray(items) ? additionalItems : items;
    const list: ListInput = {
      kind: "list",
      first: first.map((one) => this.input(one)),
      isSet: uniqueItems === true,
      ...bounds(schema, "minItems", "maxItems"),
    };
    return rest === false ? { ...list, max: Math.min(list.max ?? first.length, first.length) } : { ...list, rest: this.input(rest) };
  }

  #object(schema: JsonSchema): FieldInput {
    const { properties, required, additionalProperties, patternProperties } = schema;
    const members = Object.entries(isRecord(properties) ? properties : {});
    const isClosed = additionalProperties === false || (additionalProperties === undefined && members.length > 0);
    const others = isRecord(patternProperties) || !isClosed
      ? { others: this.input(patternProperties ? undefined : additionalProperties) }
      : {};
    const needed: ReadonlySet<unknown> = new Set(Array.isArray(required) ? required : []);
    const fields = members.map(([name, one]) => this.#field(name, one, needed.has(name)));
    return { kind: "object", fields, ...others, ...bounds(schema, "minProperties", "maxProperties") };
  }

  #field(name: string, schema: unknown, isRequired: boolean): Field {
    const { description, default: standard } = isRecord(schema) ? schema : {};
    // Whoever leaves out what need not be given gives no null either.
    const isNothing = (one: JsonSchema) => !isRequired && (standard ?? null) === null && one.type === "null";
    const options = alternatives(schema, this.#options.root).filter((one) => !isNothing(one));
    const input = this.among(options);
    return {
      name,
      isRequired,
      description: [description, options.length === 1 ? options[0]!.description : ""].find((text) => typeof text === "string") as string ??
        "",
      standard: standard === undefined || standard === null ? "" : JSON.stringify(standard),
      // What may be left out is chosen, also when there is only one choice.
      input: input.kind === "constant" && !isRequired ? { kind: "choice", choices: [input.value] } : input,
    };
  }
}

function choiceInput(choices: readonly unknown[]): FieldInput {
  return choices.length <= MAX_CHOICES
    ? { kind: "choice", choices }
    : { kind: "json", reason: `It takes one of ${choices.length} values, and a form lets choose from up to ${MAX_CHOICES}` };
}

function isFile({ format }: JsonSchema): boolean {
  return format === "binary" || format === "path" || format === "file-path" || format === "directory-path";
}

const FORMATS: readonly unknown[] = ["date", "time", "date-time", "email", "uri", "password"] satisfies TextFormat[];

function textInput(schema: JsonSchema): FieldInput {
  const { format, pattern } = schema;
  return {
    kind: "text",
    format: FORMATS.includes(format) ? format as TextFormat : "any",
    ...bounds(schema, "minLength", "maxLength"),
    ...typeof pattern === "string" ? { pattern } : {},
  };
}

function numberInput(schema: JsonSchema): FieldInput {
  const { type, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  return {
    kind: "number",
    isWhole: type === "integer",
    ...bounds(schema, "minimum", "maximum"),
    ...typeof exclusiveMinimum === "number" ? { above: exclusiveMinimum } : {},
    ...typeof exclusiveMaximum === "number" ? { below: exclusiveMaximum } : {},
    ...typeof multipleOf === "number" && multipleOf > 0 ? { step: multipleOf } : {},
  };
}

function bounds(schema: JsonSchema, least: string, most: string): { readonly min?: number; readonly max?: number } {
  const [min, max] = [schema[least], schema[most]];
  return { ...typeof min === "number" ? { min } : {}, ...typeof max === "number" ? { max } : {} };
}

/** What an option of a union is called: by the plugin, or by what it is. */
function titleOf({ title }: JsonSchema, input: FieldInput): string {
  if (typeof title === "string" && title !== "") return title;
  if (input.kind === "constant") return JSON.stringify(input.value);
  if (input.kind !== "object" || input.fields.length === 0) return KINDS[input.kind];
  return `object with ${input.fields.map(({ name }) => name).join(", ")}`;
}

const KINDS: Readonly<Record<FieldInput["kind"], string>> = {
  text: "text",
  number: "number",
  switch: "yes or no",
  file: "file",
  choice: "one of several",
  constant: "constant",
  object: "object",
  list: "list",
  union: "one of several kinds",
  shared: "the same again",
  json: "JSON",
};

function isAlone(title: string, options: readonly { readonly title: string }[]): boolean {
  return options.filter((one) => one.title === title).length === 1;
}
