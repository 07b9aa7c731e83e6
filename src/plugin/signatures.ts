/**
 * What a plugin takes and gives, and whether that is what a program was written for.
 *
 * @module
 */
import { SignatureMismatchError } from "../errors.ts";
import type { MethodSignature, SignaturesBody } from "../protocol/messages.ts";
import type { OperationOptions } from "./interface.ts";
import type { PluginInterface } from "./members.ts";
import { schemaChanges } from "./schema_changes.ts";
import { type JsonSchema, typeSchema, type TypeSchemaOptions } from "./type_schema.ts";

/** The schemas of a plugin: those of its methods, and that of its configuration. */
export interface PluginSchemas extends SignaturesBody {
  /** The schema of the configuration; left out when the plugin has none. */
  readonly config?: JsonSchema;
}

/** What a program was written for. */
export interface ExpectedSignatures {
  /** The schemas, as `remote-plugin gen` has found them. */
  readonly schemas: SignaturesBody & { readonly config?: Readonly<Record<string, unknown>> };
  /** The command that makes the program's types anew. */
  readonly command: string;
}

const ENDPOINTS = ["execute", "execute_stream"] as const;
const PARTS = ["arguments", "positional", "result", "chunk"] as const;

/**
 * Makes sure that a plugin takes and gives what a program was written for. Clients that `remote-plugin gen` has made do so when they start.
 *
 * @throws {SignatureMismatchError} When it does not; it tells what has changed.
 * @throws {CallError} With the code `not_supported` when the plugin's worker cannot tell.
 */
export async function assertSignatures(
  plugin: Pick<PluginInterface, "name" | "getSignatures" | "getConfigSchema">,
  expected: ExpectedSignatures,
  options: OperationOptions = {},
): Promise<void> {
  const changes = signatureChanges(expected.schemas, await readSchemas(plugin, options));
  if (changes.length > 0) throw new SignatureMismatchError({ plugin: plugin.name, changes, command: expected.command });
}

/** Asks a plugin for all of its schemas. */
export async function readSchemas(
  plugin: Pick<PluginInterface, "getSignatures" | "getConfigSchema">,
  options: OperationOptions = {},
): Promise<PluginSchemas> {
  const [signatures, config] = await Promise.all([plugin.getSignatures(options), plugin.getConfigSchema(options)]);
  return Object.keys(config).length === 0 ? signatures : { ...signatures, config };
}

/** The schemas without all that no type depends on. */
export function typeSchemas({ config, methods, ...signatures }: PluginSchemas, options: TypeSchemaOptions = {}): PluginSchemas {
  const reduced = (signature: MethodSignature) => reducedSignature(signature, options);
  const own = methods && Object.fromEntries(Object.entries(methods).map(([name, signature]) => [name, reduced(signature)]));
  const parts = [
    ...ENDPOINTS.map((endpoint) => [endpoint, signatures[endpoint] && reduced(signatures[endpoint])]),
    ["methods", own],
    ["config", config && typeSchema(config, options)],
  ];
  return Object.fromEntries(parts.filter(([, value]) => value !== undefined));
}

/** What has changed from one set of schemas to another, in words. */
export function signatureChanges(before: PluginSchemas, after: PluginSchemas): string[] {
  const [old, now] = [typeSchemas(before), typeSchemas(after)];
  const changes = [
    ...ENDPOINTS.flatMap((endpoint) => methodChanges(endpoint, old[endpoint], now[endpoint])),
    // A method that is new is in nobody's way.
    ...Object.entries(old.methods ?? {}).flatMap(([name, method]) => methodChanges(name, method, ownMember(now.methods, name))),
  ];
  const member = (name: string) => `"${name}" of the configuration`;
  return [...changes, ...schemaChanges("the configuration", old.config ?? {}, now.config ?? {}, member)];
}

function ownMember<Value>(members: Readonly<Record<string, Value>> | undefined, name: string): Value | undefined {
  return members !== undefined && Object.hasOwn(members, name) ? members[name] : undefined;
}

function methodChanges(endpoint: string, before: MethodSignature | undefined, after: MethodSignature | undefined): string[] {
  if (before === undefined && after === undefined) return [];
  if (after === undefined) return [`there is no "${endpoint}" any more`];
  if (before === undefined) return [`"${endpoint}" is new`];
  return PARTS.flatMap((part) => {
    const name = part === "positional" ? "positional arguments" : part;
    const member = (one: string) =>
      part === "arguments" ? `the argument "${one}" of "${endpoint}"` : `"${one}" of the ${part} of "${endpoint}"`;
    return schemaChanges(`the ${name} of "${endpoint}"`, before[part] ?? {}, after[part] ?? {}, member);
  });
}

function reducedSignature(signature: MethodSignature, options: TypeSchemaOptions): MethodSignature {
  const parts = PARTS.map((part) => [part, signature[part] && typeSchema(signature[part], options)]);
  const description = options.keepsTexts ? signature.description : undefined;
  return Object.fromEntries([["description", description], ...parts].filter(([, value]) => value !== undefined));
}
