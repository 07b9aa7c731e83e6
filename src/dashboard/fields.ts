/**
 * What a plugin takes, as forms.
 *
 * @module
 */
import { alternatives } from "../plugin/schema_alternatives.ts";
import type { JsonSchema } from "../plugin/type_schema.ts";
import { type MethodEndpoint, methodEndpoint } from "../protocol/endpoints.ts";
import { isRecord } from "../protocol/json.ts";
import type { MethodSignature, SignaturesBody } from "../protocol/messages.ts";
import type { FieldInput, MethodForm } from "./form.ts";
import { InputMaker } from "./form_inputs.ts";

/** The forms of a plugin's methods. A method that it lacks has none. */
export interface PluginForms {
  readonly execute?: MethodForm;
  readonly execute_stream?: MethodForm;
  /** Those of the methods that are called by their names, by their endpoints; left out when there are none. */
  readonly methods?: Readonly<Record<MethodEndpoint, MethodForm>>;
}

/** The most arguments that a person can read. */
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
export function methodForm({ arguments: schema = {}, positional, description = "" }: MethodSignature): MethodForm {
  const maker = new InputMaker({ root: schema });
  const named = rootInput(schema, maker);
  if (positional === undefined) return { description, named, shared: maker.shared };
  // It has definitions of its own, and the names of what it shares are not to meet those of the others.
  const unnamed = new InputMaker({ root: positional, prefix: "positional " });
  const given = unnamed.input(positional);
  return { description, named, positional: given, shared: { ...maker.shared, ...unnamed.shared } };
}

/** The form for a plugin's configuration. A file that it names is one of the plugin's machine, and so its path is typed. */
export function configurationForm(schema: JsonSchema): MethodForm {
  const maker = new InputMaker({ root: schema, namesFiles: true });
  const named = rootInput(schema, maker);
  return { description: String(schema.description ?? ""), named, shared: maker.shared };
}

/** Everything is written as one object where fields cannot show it. */
function rootInput(schema: JsonSchema, maker: InputMaker): FieldInput {
  const options = alternatives(schema, schema).filter(({ type }) => type !== "null");
  const reason = Object.keys(schema).length === 0 ? "The plugin does not say what it takes" : whyNoFields(options);
  return reason === undefined ? maker.among(options) : { kind: "json", reason };
}

/** Why no fields can show an object of one of these kinds; `undefined` when they can. */
function whyNoFields(options: readonly JsonSchema[]): string | undefined {
  if (
    options.length === 0 || options.some(({ properties, additionalProperties }) => !isRecord(properties) && !isRecord(additionalProperties))
  ) {
    return "The plugin does not say which members it takes";
  }
  const count = Math.max(...options.map(({ properties }) => Object.keys(isRecord(properties) ? properties : {}).length));
  return count > MAX_FIELDS ? `It takes ${count} values, and a form has up to ${MAX_FIELDS} fields` : undefined;
}
