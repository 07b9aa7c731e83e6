/**
 * What a plugin takes, as the fields of a form.
 *
 * @module
 */
import { alternatives } from "../plugin/schema_alternatives.ts";
import type { JsonSchema } from "../plugin/type_schema.ts";
import { type MethodEndpoint, methodEndpoint } from "../protocol/endpoints.ts";
import { isRecord } from "../protocol/json.ts";
import type { MethodSignature, SignaturesBody } from "../protocol/messages.ts";

/** How one argument is given. */
export interface Field {
  readonly name: string;
  readonly isRequired: boolean;
  /** What it is, in the plugin's words. */
  readonly description: string;
  /** What is taken when it is left empty, as JSON; empty where the plugin says nothing. */
  readonly standard: string;
  readonly input: FieldInput;
}

/** What somebody types, chooses or drops. */
export type FieldInput =
  | { readonly kind: "text" | "switch" | "file" }
  | { readonly kind: "number"; readonly step: "1" | "any"; readonly min: number | undefined; readonly max: number | undefined }
  | { readonly kind: "choice"; readonly choices: readonly unknown[] }
  /** What no other field can show is written as JSON. */
  | { readonly kind: "json"; readonly reason: string };

/** A form. */
export interface MethodForm {
  readonly description: string;
  readonly fields: readonly Field[];
  /** Whether the one field holds everything, as an object of JSON. */
  readonly isWhole: boolean;
}

/** The forms of a plugin's methods. A method that it lacks has none. */
export interface PluginForms {
  readonly execute?: MethodForm;
  readonly execute_stream?: MethodForm;
  /** Those of the methods that are called by their names, by their endpoints; left out when there are none. */
  readonly methods?: Readonly<Record<MethodEndpoint, MethodForm>>;
}

/** The most fields that a person can read. */
const MAX_FIELDS = 200;

/** The forms for what a plugin takes. */
export function formsOf({ execute, execute_stream: stream, methods }: SignaturesBody): PluginForms {
  return {
    ...execute && { execute: methodForm(execute) },
    ...stream && { execute_stream: methodForm(stream) },
    ...methods && { methods: Object.fromEntries(Object.entries(methods).flatMap(formsOfMethod)) },
  };
}

function formsOfMethod([name, signature]: [string, MethodSignature]): [MethodEndpoint, MethodForm][] {
  const form = methodForm(signature);
  const call: [MethodEndpoint, MethodForm] = [methodEndpoint("call", name), form];
  return signature.chunk === undefined ? [call] : [call, [methodEndpoint("stream", name), form]];
}

/** The form for the arguments of a method. */
export function methodForm({ arguments: schema, description = "" }: MethodSignature): MethodForm {
  return formOf(schema, { name: "arguments", description });
}

/** The form for a plugin's configuration. A file that it names is one of the plugin's machine, and so its path is typed. */
export function configurationForm(schema: JsonSchema): MethodForm {
  const { description = "" } = schema;
  const { fields, ...form } = formOf(schema, { name: "configuration", description: String(description) });
  return { ...form, fields: fields.map((field) => field.input.kind === "file" ? { ...field, input: { kind: "text" } } : field) };
}

/** Everything is written as one object where fields cannot show it. */
function formOf(schema: JsonSchema | undefined, { name, description }: Pick<Field, "name" | "description">): MethodForm {
  const told = objectSchema(schema);
  if (typeof told !== "string") return { description, fields: fieldsOf(told, schema), isWhole: false };
  const whole: Field = { name, isRequired: false, description: "", standard: "{}", input: { kind: "json", reason: told } };
  return { description, fields: [whole], isWhole: true };
}

/** The one object that a schema describes, or why no fields can show it. */
function objectSchema(schema: JsonSchema | undefined): JsonSchema | string {
  if (schema === undefined) return "The plugin does not say what it takes";
  const options = isRecord(schema.properties) ? [schema] : alternatives(schema, schema);
  const [only, ...others] = options.filter(({ type }) => type !== "null");
  if (others.length > 0) return `It takes one of ${others.length + 1} kinds of objects`;
  if (!isRecord(only?.properties)) return "The plugin does not say which members it takes";
  const count = Object.keys(only.properties).length;
  return count > MAX_FIELDS ? `It takes ${count} values, and a form has up to ${MAX_FIELDS} fields` : only;
}

function fieldsOf({ properties, required }: JsonSchema, root: JsonSchema = {}): Field[] {
  const needed: ReadonlySet<unknown> = new Set(Array.isArray(required) ? required : []);
  return Object.entries(isRecord(properties) ? properties : {}).map(([name, schema]) => fieldOf({ name, schema, root, needed }));
}

interface Argument {
  readonly name: string;
  readonly schema: unknown;
  readonly root: JsonSchema;
  readonly needed: ReadonlySet<unknown>;
}

function fieldOf({ name, schema, root, needed }: Argument): Field {
  const { description, default: standard } = isRecord(schema) ? schema : {};
  // Whoever leaves a field empty gives nothing, and so no null either.
  const options = alternatives(schema, root).filter(({ type }) => type !== "null");
  return {
    name,
    isRequired: needed.has(name),
    description: typeof description === "string" ? description : "",
    standard: standard === undefined || standard === null ? "" : JSON.stringify(standard),
    input: inputOf(options),
  };
}

function inputOf(options: readonly JsonSchema[]): FieldInput {
  const [only] = options;
  if (options.some(({ format }) => format === "binary" || format === "path")) return { kind: "file" };
  if (only === undefined) return { kind: "json", reason: "The plugin does not say what it takes here" };
  if (options.length > 1) return { kind: "json", reason: `It takes one of ${options.length} kinds of values` };
  if (Array.isArray(only.enum)) return { kind: "choice", choices: only.enum };
  return ofType(only);
}

function ofType({ type, minimum, maximum }: JsonSchema): FieldInput {
  switch (type) {
    case "string":
      return { kind: "text" };
    case "boolean":
      return { kind: "switch" };
    case "integer":
    case "number":
      return { kind: "number", step: type === "integer" ? "1" : "any", min: numberOr(minimum), max: numberOr(maximum) };
    default:
      return { kind: "json", reason: type === "array" ? "It takes a list" : "It takes an object" };
  }
}

function numberOr(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
