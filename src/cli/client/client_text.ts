/**
 * The text of a typed client.
 *
 * @module
 */
import { type PluginSchemas, typeSchemas } from "../../plugin/signatures.ts";
import type { JsonSchema } from "../../plugin/type_schema.ts";
import { isRecord } from "../../protocol/json.ts";
import type { MethodSignature } from "../../protocol/messages.ts";
import { declareTypes, type NamedSchema, typeName } from "./client_types.ts";

/** What a client is made of. */
export interface ClientFacts {
  /** The plugin's name. */
  readonly plugin: string;
  readonly schemas: PluginSchemas;
  /** Where the manifest is, relative to the client's own place. */
  readonly manifest: string;
  /** The command that makes the client. */
  readonly command: string;
}

/** How a method of the plugin becomes one of the client. */
interface Method {
  readonly member: "execute" | "executeStream";
  readonly prefix: "Execute" | "ExecuteStream";
  readonly signature: MethodSignature;
}

/**
 * The client's text. Its first lines have a fingerprint of what follows, so that it can be told whether a file is the one that would be made now,
 * from whichever folder.
 */
export async function clientText(facts: ClientFacts): Promise<string> {
  const body = await clientBody(facts);
  const command = commandText(facts.command);
  return `// Made by "${oneLine(facts.command)}": run that again instead of editing it.
// ${FINGERPRINT}${await fingerprintOf(body.replace(command, ""))}
// deno-fmt-ignore-file
// deno-lint-ignore-file
${body}`;
}

/** What a file says of its own content; `undefined` when it is no client. */
export function fingerprintIn(text: string): string | undefined {
  return new RegExp(`^// ${FINGERPRINT}([0-9a-f]+)$`, "m").exec(text)?.[1];
}

/** The schemas that a client was made from, as far as it still tells them. */
export function schemasIn(text: string): PluginSchemas | undefined {
  const [, json] = /^ {2}schemas: (\{.*\}),$/m.exec(text) ?? [];
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined; // Somebody has edited it.
  }
}

const FINGERPRINT = "Fingerprint: ";

async function clientBody({ plugin, schemas, manifest, command }: ClientFacts): Promise<string> {
  const own = ownName(plugin);
  const { execute, execute_stream: stream, config } = typeSchemas(schemas, { keepsTexts: true });
  const methods: Method[] = [
    ...execute === undefined ? [] : [{ member: "execute", prefix: "Execute", signature: execute } as const],
    ...stream === undefined ? [] : [{ member: "executeStream", prefix: "ExecuteStream", signature: stream } as const],
  ];
  const named = [...methods.flatMap(namedSchemas), ...config === undefined ? [] : [namedSchema("Config", config, "takes")]];
  const types = await declareTypes(named.filter(isDeclared), new Set([own, `${own}Members`, ...IMPORTED, ...GLOBALS]));
  const members = [...configMembers(config), ...methods.map(methodText)].join("\n\n");
  const calls = `/** What "${inComment(plugin)}" takes and gives. */\nexport interface ${own}Members {\n${members}\n}`;
  const parts = [types, calls, startText(own, plugin), expectedText({ schemas, manifest, command })];
  const code = parts.filter((part) => part !== "").join("\n\n");
  return `${importText(code)}\n\n${code}\n`;
}

/** The plugin's name as that of its type, which must not be another's. */
function ownName(plugin: string): string {
  const name = typeName(plugin, "Plugin");
  const isTaken = PARTS.has(name) || IMPORTED.includes(name) || GLOBALS.includes(name);
  return isTaken ? `${name}Plugin` : name;
}

const PARTS: ReadonlySet<string> = new Set([
  "Config",
  ...["Execute", "ExecuteStream"].flatMap((prefix) => ["Arguments", "Positional", "Result", "Chunk"].map((part) => prefix + part)),
]);

/** What clients use of the language. */
const GLOBALS: readonly string[] = ["AsyncDisposableStack", "AsyncGenerator", "Omit", "Promise", "Record", "URL"];

function namedSchemas({ prefix, signature }: Method): NamedSchema[] {
  const { arguments: takes, positional, result, chunk } = signature;
  // What is given comes first: it is met most, and gets the plain names.
  return [
    ...result === undefined ? [] : [namedSchema(`${prefix}Result`, result, "gives")],
    ...chunk === undefined ? [] : [namedSchema(`${prefix}Chunk`, chunk, "gives")],
    ...takes === undefined ? [] : [namedSchema(`${prefix}Arguments`, takes, "takes")],
    ...positional === undefined ? [] : [namedSchema(`${prefix}Positional`, positional, "takes")],
  ];
}

function namedSchema(name: string, schema: JsonSchema, direction: NamedSchema["direction"]): NamedSchema {
  return { name, schema, direction };
}

/** What says nothing, or allows nothing, needs no type of its own. */
function isDeclared({ schema }: NamedSchema): boolean {
  return !isUnknown(schema) && !hasNoMembers(schema);
}

function hasNoMembers({ properties, additionalProperties }: JsonSchema): boolean {
  return isRecord(properties) && Object.keys(properties).length === 0 && additionalProperties === undefined;
}

function configMembers(config: JsonSchema | undefined): string[] {
  const type = config === undefined ? "PluginConfig" : typeOf("Config", config);
  const mark = isOptional(config) ? "?" : "";
  return [
    `  /** Gives the plugin its configuration. */\n  initialize(config${mark}: ${type}, options?: OperationOptions): Promise<void>;`,
    `  /** Gives a plugin that is initialized another configuration. */\n  reconfigure(config: ${type}, options?: OperationOptions): Promise<void>;`,
  ];
}

function methodText({ member, prefix, signature }: Method): string {
  const { description, arguments: takes, positional, result, chunk } = signature;
  const mark = isOptional(takes) && !isPositional(positional) ? "?" : "";
  const kwargs = `kwargs${mark}: ${isUnknown(takes) ? "Kwargs" : typeOf(`${prefix}Arguments`, takes)}`;
  const gives = member === "execute"
    ? `Promise<${typeOf(`${prefix}Result`, result)}>`
    : `AsyncGenerator<${typeOf(`${prefix}Chunk`, chunk)}, void, void>`;
  const about = comment(description ?? ABOUT[member]);
  return `${about}\n  ${member}(${kwargs}, ${optionsText(prefix, signature)}): ${gives};`;
}

/** What methods are said to do that say nothing themselves. */
const ABOUT: Readonly<Record<Method["member"], string>> = {
  execute: "Calls the plugin and waits for its result.",
  executeStream: "Calls the plugin and yields what it gives.",
};

/** Arguments that have names are given by name. */
function optionsText(prefix: string, { arguments: takes, positional }: MethodSignature): string {
  if (positional !== undefined) {
    const mark = isPositional(positional) ? "" : "?";
    return `options${mark}: Omit<CallOptions, "args"> & { readonly args${mark}: ${typeOf(`${prefix}Positional`, positional)} }`;
  }
  return isUnknown(takes) ? "options?: CallOptions" : `options?: Omit<CallOptions, "args">`;
}

function typeOf(name: string, schema: JsonSchema | undefined): string {
  if (isUnknown(schema)) return "unknown";
  return hasNoMembers(schema) ? "Record<string, never>" : name;
}

function isUnknown(schema: JsonSchema | undefined): schema is undefined {
  return schema === undefined || Object.keys(schema).length === 0;
}

function isOptional(schema: JsonSchema | undefined): boolean {
  return isUnknown(schema) || !("required" in schema || "$ref" in schema || "allOf" in schema || "anyOf" in schema);
}

function isPositional(schema: JsonSchema | undefined): boolean {
  return typeof schema?.minItems === "number" && schema.minItems > 0;
}

function startText(own: string, plugin: string): string {
  return `/** "${inComment(plugin)}", typed: a proxy, or another plugin's handle, and nothing more. */
export type ${own}<Plugin = RemotePluginProxy> = ${own}Members & Omit<Plugin, "execute" | "executeStream" | "initialize" | "reconfigure">;

/**
 * Starts the plugin's worker, and makes sure that the plugin is the one that these types are of.
 *
 * @throws {SignatureMismatchError} When it takes or gives something else now; it tells what.
 */
export async function start${own}(manifest: ManifestSource = MANIFEST, options: StartOptions = {}): Promise<${own}> {
  await using cleanup = new AsyncDisposableStack();
  const plugin = cleanup.use(await RemotePluginProxy.start(manifest, options));
  const typed = await as${own}(plugin);
  cleanup.move();
  return typed;
}

/** Gives types to a plugin that runs, for example one of a manager's, after making sure that they are its own. */
export async function as${own}<Plugin extends PluginInterface>(plugin: Plugin): Promise<${own}<Plugin>> {
  await assertSignatures(plugin, EXPECTED);
  return plugin as unknown as ${own}<Plugin>;
}`;
}

function expectedText({ schemas, manifest, command }: Omit<ClientFacts, "plugin">): string {
  return `const MANIFEST = new URL(${JSON.stringify(manifest)}, import.meta.url);

const EXPECTED: ExpectedSignatures = {
${commandText(command)}
  schemas: ${JSON.stringify(typeSchemas(schemas))},
};`;
}

function commandText(command: string): string {
  return `  command: ${JSON.stringify(command)},`;
}

/** What clients import, values first. */
const IMPORTED: readonly string[] = [
  "assertSignatures",
  "RemotePluginProxy",
  "CallOptions",
  "ExpectedSignatures",
  "FileInput",
  "FileResult",
  "Kwargs",
  "ManifestSource",
  "OperationOptions",
  "PluginConfig",
  "PluginInterface",
  "StartOptions",
];

const VALUES: ReadonlySet<string> = new Set(["assertSignatures", "RemotePluginProxy"]);

function importText(code: string): string {
  const used = IMPORTED.filter((name) => new RegExp(`\\b${name}\\b`).test(code));
  const names = used.map((name) => `  ${VALUES.has(name) ? "" : "type "}${name},\n`).join("");
  return `import {\n${names}} from "@remote-plugin/proxy";`;
}

async function fingerprintOf(body: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(body));
  return new Uint8Array(digest).toHex().slice(0, 16);
}

/** A text of the plugin's as a comment of a member. */
function comment(text: string): string {
  const lines = inComment(text).split("\n").map((line) => line.trimEnd());
  if (lines.length === 1) return `  /** ${lines[0]} */`;
  return ["  /**", ...lines.map((line) => `   * ${line}`.trimEnd()), "   */"].join("\n");
}

function inComment(text: string): string {
  return text.replaceAll("*/", "* /").replaceAll(/\r\n?|[\u2028\u2029]/g, "\n");
}

function oneLine(text: string): string {
  return text.replaceAll(/[\s\u2028\u2029]+/g, " ");
}
