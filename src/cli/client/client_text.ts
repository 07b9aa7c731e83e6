/**
 * The text of a typed client.
 *
 * @module
 */
import { type PluginSchemas, typeSchemas } from "../../plugin/signatures.ts";
import type { JsonSchema } from "../../plugin/type_schema.ts";
import {
  type ClientMethod,
  clientMethods,
  inComment,
  isDeclared,
  isOptional,
  methodText,
  methodTypeNames,
  namedSchema,
  namedSchemas,
  typeOf,
} from "./client_methods.ts";
import { declareTypes, typeName } from "./client_types.ts";

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
  const { config, ...signatures } = typeSchemas(schemas, { keepsTexts: true });
  const methods = clientMethods(signatures);
  const own = ownName(plugin, methods);
  const named = [...methods.flatMap(namedSchemas), ...config === undefined ? [] : [namedSchema("Config", config, "takes")]];
  const types = await declareTypes(named.filter(isDeclared), new Set([own, `${own}Members`, ...IMPORTED, ...GLOBALS]));
  const members = [...configMembers(config), ...methods.map(methodText)].join("\n\n");
  const calls = `/** What "${inComment(plugin)}" takes and gives. */\nexport interface ${own}Members {\n${members}\n}`;
  const parts = [types, calls, startText({ own, plugin, methods }), expectedText({ schemas, manifest, command })];
  const code = parts.filter((part) => part !== "").join("\n\n");
  return `${importText(code)}\n\n${code}\n`;
}

/** The plugin's name as that of its type, which must not be another's. */
function ownName(plugin: string, methods: readonly ClientMethod[]): string {
  const name = typeName(plugin, "Plugin");
  const isTaken = ["Config", ...methodTypeNames(methods)].includes(name) || IMPORTED.includes(name) || GLOBALS.includes(name);
  return isTaken ? `${name}Plugin` : name;
}

/** What clients use of the language. */
const GLOBALS: readonly string[] = ["AsyncDisposableStack", "AsyncGenerator", "Object", "Omit", "Promise", "Record", "URL"];

function configMembers(config: JsonSchema | undefined): string[] {
  const type = config === undefined ? "PluginConfig" : typeOf("Config", config);
  const mark = isOptional(config) ? "?" : "";
  return [
    `  /** Gives the plugin its configuration. */\n  initialize(config${mark}: ${type}, options?: OperationOptions): Promise<void>;`,
    `  /** Gives a plugin that is initialized another configuration. */\n  reconfigure(config: ${type}, options?: OperationOptions): Promise<void>;`,
  ];
}

/** What a client is started by. */
interface StartFacts {
  readonly own: string;
  readonly plugin: string;
  readonly methods: readonly ClientMethod[];
}

function startText({ own, plugin, methods }: StartFacts): string {
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
${shortcutsText(methods)}  return plugin as unknown as ${own}<Plugin>;
}`;
}

/** Methods of the plugin's own become members of its proxy. */
function shortcutsText(methods: readonly ClientMethod[]): string {
  const own = methods.filter(({ member }) => member !== "execute" && member !== "executeStream");
  if (own.length === 0) return "";
  const names = own.map(({ member, isStream }) => `    [${JSON.stringify(member)}, ${isStream ? '"stream"' : '"call"'}],`).join("\n");
  return `  const methods = [
${names}
  ] as const;
  for (const [name, kind] of methods) {
    const value = (...given: [Kwargs?, CallOptions?]) => plugin[kind](name, ...given);
    Object.defineProperty(plugin, name, { value, configurable: true });
  }
`;
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

function oneLine(text: string): string {
  return text.replaceAll(/[\s\u2028\u2029]+/g, " ");
}
