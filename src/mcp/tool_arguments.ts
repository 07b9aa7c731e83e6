/**
 * The arguments of a tool as a plugin takes them.
 *
 * @module
 */
import { resolve, toFileUrl } from "@std/path";
import { checkWithin, MAX_CHECK_MS } from "../manager/bounded_check.ts";
import { bytesFile } from "../payload/ready_made.ts";
import { alternatives } from "../plugin/schema_alternatives.ts";
import type { JsonSchema } from "../plugin/type_schema.ts";
import { isRecord } from "../protocol/json.ts";
import { extensionOf } from "../protocol/media_types.ts";
import { toPlace } from "../protocol/pointers.ts";
import { type ClientFiles, type ObjectSchema, POSITIONAL, takesFile } from "./tool_schema.ts";

/** The arguments are not those that the tool takes. */
export class ToolArgumentsError extends Error {
  override name = "ToolArgumentsError";
}

/** What a plugin is called with. */
export interface PluginArguments {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** What the arguments of a tool are held against. */
export interface ToolInput {
  /** The schema that its clients are told. */
  readonly input: ObjectSchema;
  /** The schema that the plugin has told. */
  readonly told: { readonly arguments?: JsonSchema; readonly positional?: JsonSchema };
  readonly files: ClientFiles;
}

/**
 * Holds arguments against a tool's schema, and makes files of those that are to be some.
 *
 * @throws {ToolArgumentsError} When they are not what the tool takes. It tells every place that is wrong.
 */
export async function readToolArguments(given: Readonly<Record<string, unknown>>, tool: ToolInput): Promise<PluginArguments> {
  const finding = await checkWithin(tool.input, JSON.stringify(given, shortenData));
  if (finding === undefined) throw new ToolArgumentsError(`The check of the arguments takes longer than ${MAX_CHECK_MS} ms`);
  if (finding.problems.length > 0) throw new ToolArgumentsError(`The arguments are wrong: ${finding.problems.join("; ")}`);
  const { [POSITIONAL]: listed, ...named } = given;
  const { arguments: own = {}, positional } = tool.told;
  if (positional === undefined) return { args: [], kwargs: new Reader(own, tool.files).read(given, own, []) as PluginArguments["kwargs"] };
  return {
    args: new Reader(positional, tool.files).read(listed ?? [], positional, [POSITIONAL]) as unknown[],
    kwargs: new Reader(own, tool.files).read(named, own, []) as PluginArguments["kwargs"],
  };
}

const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w=.-]+)*;base64,/;

/** What a file holds is nothing that a schema speaks of, and may be long. */
function shortenData(_: string, value: unknown): unknown {
  return typeof value === "string" && DATA_URL.test(value) ? "data:" : value;
}

/** Reads values by what a schema says that they are. */
class Reader {
  readonly #root: JsonSchema;
  readonly #files: ClientFiles;

  constructor(root: JsonSchema, files: ClientFiles) {
    this.#root = root;
    this.#files = files;
  }

  read(value: unknown, schema: unknown, path: readonly (string | number)[]): unknown {
    const options = alternatives(schema, this.#root);
    if (typeof value === "string") return this.#text(value, options, path);
    if (typeof value === "number") return exact(value, options, path);
    if (Array.isArray(value)) return value.map((item, at) => this.read(item, itemSchema(options, at), [...path, at]));
    if (!isRecord(value)) return value;
    const members = Object.entries(value).map(([name, one]) => [name, this.read(one, memberSchema(options, name), [...path, name])]);
    return Object.fromEntries(members);
  }

  #text(text: string, options: readonly JsonSchema[], path: readonly (string | number)[]): unknown {
    if (!options.some(takesFile)) return text;
    const [start, mediaType = ""] = DATA_URL.exec(text) ?? [];
    if (start !== undefined) return bytesFile(fromBase64(text.slice(start.length), path), extensionOf(mediaType));
    const isPlain = options.some(({ type, format }) => type === "string" && format !== "binary");
    if (isPlain) return text;
    if (this.#files === "local") return localFile(text, path);
    throw new ToolArgumentsError(`"${toPlace(path)}" is a file. Give its bytes as a data: URL in base64`);
  }
}

/** An integer that no number of JavaScript holds has become another one on its way here. */
function exact(value: number, options: readonly JsonSchema[], path: readonly (string | number)[]): number {
  const isInteger = options.some(({ type }) => type === "integer") && !options.some(({ type }) => type === "number");
  if (!isInteger || !Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  throw new ToolArgumentsError(`The integer at "${toPlace(path)}" is one that no number of JavaScript holds`);
}

function fromBase64(text: string, path: readonly (string | number)[]): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.fromBase64(text);
  } catch (cause) {
    throw new ToolArgumentsError(`The data: URL at "${toPlace(path)}" is no base64`, { cause });
  }
}

function localFile(text: string, path: readonly (string | number)[]): URL {
  const url = text.startsWith("file:") ? new URL(text) : toFileUrl(resolve(text));
  try {
    Deno.statSync(url);
  } catch (cause) {
    throw new ToolArgumentsError(`Cannot give the file at "${toPlace(path)}": ${(cause as Error).message}`, { cause });
  }
  return url;
}

function memberSchema(options: readonly JsonSchema[], name: string): unknown {
  const [own] = options.flatMap(({ properties }) => isRecord(properties) && Object.hasOwn(properties, name) ? [properties[name]] : []);
  return own ?? options.map(({ additionalProperties }) => additionalProperties).find(isRecord);
}

function itemSchema(options: readonly JsonSchema[], at: number): unknown {
  const list = options.find(({ items, prefixItems }) => items !== undefined || prefixItems !== undefined);
  return Array.isArray(list?.prefixItems) ? list.prefixItems[at] ?? list.items : list?.items;
}
