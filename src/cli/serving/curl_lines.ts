/**
 * How a shell calls a plugin that is served.
 *
 * @module
 */
import { alternatives } from "../../plugin/schema_alternatives.ts";
import type { JsonSchema } from "../../plugin/type_schema.ts";
import { methodEndpoint } from "../../protocol/endpoints.ts";
import { isRecord } from "../../protocol/json.ts";
import type { MethodSignature, SignaturesBody } from "../../protocol/messages.ts";

/** Where the plugin is. */
export interface CurlTarget {
  /** Its URL. */
  readonly place: string;
  /** The word of a shell that is the header with the token. */
  readonly header: string;
}

/** How deep examples go. */
const MAX_DEPTH = 4;

/** How many methods have a line. */
const MOST_METHODS = 5;

/**
 * A line for each of the first methods of a plugin, with an example for each argument that must be there. Files are fields of a form, all else is JSON. Where nothing is
 * known of the plugin, the line shows where arguments go.
 */
export function curlLines(signatures: SignaturesBody | undefined, { place, header }: CurlTarget): string[] {
  if (signatures === undefined) return [`curl "${place}/execute" -H ${header} -d '{"kwargs": {"NAME": "VALUE"}}'`];
  const { execute, execute_stream: stream, methods = {} } = signatures;
  return [
    ...execute === undefined ? [] : [`curl "${place}/execute" -H ${header} ${bodyWords(execute)}`],
    ...stream === undefined ? [] : [`curl -N "${place}/execute_stream" -H ${header} ${bodyWords(stream)}`],
    ...Object.entries(methods).slice(0, MOST_METHODS).map(([name, signature]) =>
      `curl "${place}/${methodEndpoint("call", name)}" -H ${header} ${bodyWords(signature)}`
    ),
  ];
}

function bodyWords({ arguments: root = {} }: MethodSignature): string {
  const needed = Array.isArray(root.required) ? root.required.map(String) : [];
  const examples = needed.map((name) => ({ name, example: exampleOf(isRecord(root.properties) ? root.properties[name] : {}, root) }));
  if (!examples.some(({ example }) => example instanceof ExampleFile)) {
    return `-d ${quoted(JSON.stringify({ kwargs: Object.fromEntries(examples.map(({ name, example }) => [name, example])) }))}`;
  }
  return examples.map(({ name, example }) => `-F ${quoted(`${name}=${example instanceof ExampleFile ? "@FILE" : fieldText(example)}`)}`)
    .join(" ");
}

function fieldText(example: unknown): string {
  return typeof example === "string" ? example : JSON.stringify(example);
}

/** Stands for a file that only the reader has. */
class ExampleFile {}

/** A value that a schema takes. What is not known is a text. */
function exampleOf(schema: unknown, root: JsonSchema, depth = 0): unknown {
  if (isRecord(schema) && "default" in schema) return schema.default;
  const [first = {}] = alternatives(schema, root);
  if (isRecord(schema) && Array.isArray(schema.examples) && schema.examples.length > 0) return schema.examples[0];
  if (Array.isArray(first.enum)) return first.enum[0];
  if (first.format === "binary" || first.format === "path") return new ExampleFile();
  if (first.type === "object") return depth < MAX_DEPTH ? objectExample(first, root, depth) : {};
  return EXAMPLES[String(first.type)] ?? "hello";
}

const EXAMPLES: Readonly<Record<string, unknown>> = { integer: 1, number: 1, boolean: true, array: [], null: null };

function objectExample({ properties, required }: JsonSchema, root: JsonSchema, depth: number): JsonSchema {
  const needed = Array.isArray(required) ? required.map(String) : [];
  return Object.fromEntries(needed.map((name) => [name, exampleOf(isRecord(properties) ? properties[name] : {}, root, depth + 1)]));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
