/**
 * How a call of a plugin is described.
 *
 * @module
 */
import { alternatives } from "../../plugin/schema_alternatives.ts";
import type { JsonSchema } from "../../plugin/type_schema.ts";
import { isRecord } from "../../protocol/json.ts";
import { BYTES_MEDIA_TYPE } from "../../protocol/media_types.ts";
import { type CalledEndpoint, isStreamEndpoint } from "../../protocol/endpoints.ts";
import type { MethodSignature } from "../../protocol/messages.ts";
import { fileArguments, fileKind, onlyFileArgument } from "../request/file_arguments.ts";
import type { Components } from "./components.ts";
import { type Content, NDJSON_MEDIA_TYPE, type Operation, type Parameter } from "./openapi.ts";

/** One method of one plugin. */
export interface DescribedMethod {
  /** The plugin's name. */
  readonly plugin: string;
  /** Which one it is. */
  readonly endpoint: CalledEndpoint;
  /** What it takes and gives, as far as it says. */
  readonly signature: MethodSignature;
}

/** A file in a form, and as a body of its own. */
const BINARY: JsonSchema = { type: "string", format: "binary", contentMediaType: BYTES_MEDIA_TYPE };

/** Describes a method: its arguments as JSON, as a form, and as a file by itself, and what it gives. */
export function callOperation(
  method: DescribedMethod,
  components: Components,
): Pick<Operation, "parameters" | "requestBody" | "responses"> {
  const { endpoint, signature } = method;
  const copy = (part: "arguments" | "positional" | "result" | "chunk"): JsonSchema =>
    components.copy({ root: signature[part] ?? {}, prefix: `${method.plugin}.${endpoint.replace("/", ".")}.${part}` });
  const given = copy("arguments");
  const raw = onlyFileArgument(signature);
  const content: Content = {
    ...needsFile(given, signature)
      ? {}
      : { "application/json": { schema: jsonBody(withoutFiles(given, signature), signature.positional && copy("positional")) } },
    "multipart/form-data": formBody(given, signature),
    ...raw === undefined ? {} : { [BYTES_MEDIA_TYPE]: { schema: BINARY } },
  };
  return {
    parameters: raw === undefined ? [] : queryParameters(given, { signature, raw }),
    requestBody: { required: namesIn(given.required).length > 0, content },
    responses: { 200: isStreamEndpoint(endpoint) ? chunks(copy("chunk")) : result(signature, copy("result")) },
  };
}

/** JSON carries no files: a path in it would be one of the gateway's own machine. */
function withoutFiles(given: JsonSchema, signature: MethodSignature): JsonSchema {
  if (!isRecord(given.properties)) return given;
  const files = new Set(fileArguments(signature).map(({ name }) => name));
  return { ...given, properties: Object.fromEntries(Object.entries(given.properties).filter(([name]) => !files.has(name))) };
}

function needsFile(given: JsonSchema, signature: MethodSignature): boolean {
  return fileArguments(signature).some(({ name }) => namesIn(given.required).includes(name));
}

/** The body of the wire. */
function jsonBody(kwargs: JsonSchema, args: JsonSchema | undefined): JsonSchema {
  return {
    type: "object",
    properties: {
      kwargs: { ...kwargs, description: "The arguments by name" },
      ...args === undefined ? {} : { args: { ...args, description: "The arguments without a name" } },
    },
    ...namesIn(kwargs.required).length > 0 ? { required: ["kwargs"] } : {},
    additionalProperties: false,
  };
}

/** A form: one field for each argument. What is no text in a form is JSON in it. */
function formBody(given: JsonSchema, signature: MethodSignature): Content[string] {
  const files = new Map(fileArguments(signature).map(({ name, isList }) => [name, isList ? { type: "array", items: BINARY } : BINARY]));
  const fields = Object.entries(isRecord(given.properties) ? given.properties : {});
  const properties = Object.fromEntries(fields.map(([name, schema]) => [name, files.get(name) ?? schema]));
  const encoding = Object.fromEntries(
    fields.filter(([name]) => isObjectField(name, signature)).map(([name]) => [name, { contentType: "application/json" }]),
  );
  return {
    schema: { ...given, type: "object", properties },
    ...Object.keys(encoding).length > 0 ? { encoding } : {},
  };
}

/** Whether an argument is JSON in a form: no file, no text, and no list of which each item is a field of its own. */
function isObjectField(name: string, { arguments: root = {} }: MethodSignature): boolean {
  const schema = isRecord(root.properties) ? root.properties[name] : undefined;
  return fileKind(schema, root) === undefined && alternatives(schema, root).some(({ type }) => type === "object");
}

/** The arguments that stand in the URL when the body is a file. */
function queryParameters(
  given: JsonSchema,
  { signature, raw }: { readonly signature: MethodSignature; readonly raw: string },
): Parameter[] {
  const others = Object.entries(isRecord(given.properties) ? given.properties : {}).filter(([name]) => name !== raw);
  return others.map(([name, schema]) => ({
    name,
    in: "query",
    description: "An argument, where the body does not name it",
    required: false,
    ...isObjectField(name, signature)
      ? { content: { "application/json": { schema: schema as JsonSchema } } }
      : { schema: schema as JsonSchema },
  }));
}

/** What `execute` gives: JSON, or a file as what it is. */
function result({ result: root = {} }: MethodSignature, schema: JsonSchema): Operation["responses"][string] {
  const options = alternatives(root, root);
  const json = { "application/json": { schema } };
  if (options.length === 0) return { description: "The result", content: { ...json, "*/*": {} } };
  if (fileKind(root, root) !== "one") return { description: "The result", content: json };
  return { description: "The file, as what it is", content: { "*/*": { schema: BINARY }, ...options.length > 1 ? json : {} } };
}

function chunks(schema: JsonSchema): Operation["responses"][string] {
  const description =
    "What it gives, as it gives it: each line is JSON of this schema. A line with the member `_job_error` is the last one";
  return { description, content: { [NDJSON_MEDIA_TYPE]: { schema } } };
}

function namesIn(required: unknown): readonly string[] {
  return Array.isArray(required) ? required : [];
}
