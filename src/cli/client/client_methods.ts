/**
 * The methods of a typed client.
 *
 * @module
 */
import { RemotePluginProxy } from "../../plugin/proxy.ts";
import type { PluginSchemas } from "../../plugin/signatures.ts";
import type { JsonSchema } from "../../plugin/type_schema.ts";
import { isRecord } from "../../protocol/json.ts";
import type { MethodSignature } from "../../protocol/messages.ts";
import { type NamedSchema, typeName } from "./client_types.ts";

/** How a method of the plugin becomes one of the client. */
export interface ClientMethod {
  /** What it is called. */
  readonly member: string;
  /** How the names of its types begin. */
  readonly prefix: string;
  readonly signature: MethodSignature;
  /** Whether it yields what it gives. */
  readonly isStream: boolean;
  /** What it is said to do that says nothing itself. */
  readonly about: string;
}

/** Parts of names of types. */
const PARTS = ["Arguments", "Positional", "Result", "Chunk"] as const;

/** What no method of a plugin may stand for in a client: its members, and what would make a promise of it. */
const OWN_MEMBERS: ReadonlySet<string> = new Set([
  ...[RemotePluginProxy.prototype, Object.prototype].flatMap((holder) => Object.getOwnPropertyNames(holder)),
  "then",
]);

/** The methods of a client. A method of the plugin's own yields where that one does. */
export function clientMethods({ execute, execute_stream: stream, methods = {} }: PluginSchemas): ClientMethod[] {
  const about = "Calls the plugin and waits for its result.";
  const own = Object.entries(methods).filter(([name]) => !OWN_MEMBERS.has(name));
  const prefixes = new Set(["Execute", "ExecuteStream"]);
  return [
    ...execute === undefined ? [] : [{ member: "execute", prefix: "Execute", signature: execute, isStream: false, about }],
    ...stream === undefined ? [] : [{ member: "executeStream", prefix: "ExecuteStream", signature: stream, isStream: true, about: YIELDS }],
    ...own.map(([member, given]) => {
      const isStream = given.chunk !== undefined;
      const { result: _, ...signature } = given;
      const prefix = freePrefix(typeName(member, "Method"), prefixes);
      return { member, prefix, signature: isStream ? signature : given, isStream, about: isStream ? YIELDS : about };
    }),
  ];
}

const YIELDS = "Calls the plugin and yields what it gives.";

/** The names of types that methods may take. */
export function methodTypeNames(methods: readonly ClientMethod[]): string[] {
  return methods.flatMap(({ prefix }) => PARTS.map((part) => prefix + part));
}

function freePrefix(wanted: string, taken: Set<string>): string {
  let prefix = wanted;
  for (let number = 2; taken.has(prefix); number++) prefix = `${wanted}${number}`;
  taken.add(prefix);
  return prefix;
}

/** The schemas of a method that become types. */
export function namedSchemas({ prefix, signature }: ClientMethod): NamedSchema[] {
  const { arguments: takes, positional, result, chunk } = signature;
  // What is given comes first: it is met most, and gets the plain names.
  return [
    ...result === undefined ? [] : [namedSchema(`${prefix}Result`, result, "gives")],
    ...chunk === undefined ? [] : [namedSchema(`${prefix}Chunk`, chunk, "gives")],
    ...takes === undefined ? [] : [namedSchema(`${prefix}Arguments`, takes, "takes")],
    ...positional === undefined ? [] : [namedSchema(`${prefix}Positional`, positional, "takes")],
  ];
}

/** A schema with its type's name. */
export function namedSchema(name: string, schema: JsonSchema, direction: NamedSchema["direction"]): NamedSchema {
  return { name, schema, direction };
}

/** What says nothing, or allows nothing, needs no type of its own. */
export function isDeclared({ schema }: NamedSchema): boolean {
  return !isUnknown(schema) && !hasNoMembers(schema);
}

function hasNoMembers({ properties, additionalProperties }: JsonSchema): boolean {
  return isRecord(properties) && Object.keys(properties).length === 0 && additionalProperties === undefined;
}

/** A method's declaration, with what it does. */
export function methodText({ member, prefix, signature, isStream, about: byDefault }: ClientMethod): string {
  const { description, arguments: takes, positional, result, chunk } = signature;
  const mark = isOptional(takes) && !isPositional(positional) ? "?" : "";
  const kwargs = `kwargs${mark}: ${isUnknown(takes) ? "Kwargs" : typeOf(`${prefix}Arguments`, takes)}`;
  const gives = isStream
    ? `AsyncGenerator<${typeOf(`${prefix}Chunk`, chunk)}, void, void>`
    : `Promise<${typeOf(`${prefix}Result`, result)}>`;
  const about = comment(description ?? byDefault);
  return `${about}\n  ${propertyName(member)}(${kwargs}, ${optionsText(prefix, signature)}): ${gives};`;
}

/** Arguments that have names are given by name. */
function optionsText(prefix: string, { arguments: takes, positional }: MethodSignature): string {
  if (positional !== undefined) {
    const mark = isPositional(positional) ? "" : "?";
    return `options${mark}: Omit<CallOptions, "args"> & { readonly args${mark}: ${typeOf(`${prefix}Positional`, positional)} }`;
  }
  return isUnknown(takes) ? "options?: CallOptions" : `options?: Omit<CallOptions, "args">`;
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

/** The name of a schema's type, or what stands for it. */
export function typeOf(name: string, schema: JsonSchema | undefined): string {
  if (isUnknown(schema)) return "unknown";
  return hasNoMembers(schema) ? "Record<string, never>" : name;
}

function isUnknown(schema: JsonSchema | undefined): schema is undefined {
  return schema === undefined || Object.keys(schema).length === 0;
}

/** Whether an object of this schema may be left out. */
export function isOptional(schema: JsonSchema | undefined): boolean {
  return isUnknown(schema) || !("required" in schema || "$ref" in schema || "allOf" in schema || "anyOf" in schema);
}

function isPositional(schema: JsonSchema | undefined): boolean {
  return typeof schema?.minItems === "number" && schema.minItems > 0;
}

/** A text of the plugin's as a comment of a member. */
function comment(text: string): string {
  const lines = inComment(text).split("\n").map((line) => line.trimEnd());
  if (lines.length === 1) return `  /** ${lines[0]} */`;
  return ["  /**", ...lines.map((line) => `   * ${line}`.trimEnd()), "   */"].join("\n");
}

/** A text of the plugin's that cannot end the comment in which it stands. */
export function inComment(text: string): string {
  return text.replaceAll("*/", "* /").replaceAll(/\r\n?|[\u2028\u2029]/g, "\n");
}
