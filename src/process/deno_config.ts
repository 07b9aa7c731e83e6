/**
 * Reads a Deno plugin's `deno.json`. The runtime never sees that file, for most of it configures the process: here is taken from it what says how the
 * plugin's modules are found and read, and nothing else.
 *
 * @module
 */
import { dirname, join, toFileUrl } from "@std/path";
import { mayRead } from "../manifest/host_access.ts";
import { containsPath } from "../permissions/grant.ts";
import { absolute, absoluteMap, type ImportMap, type Specifiers, withSubpaths } from "./import_map.ts";
import { type CompilerOptions, type ConfigFile, ConfigReader } from "./deno_config_file.ts";

/** How a plugin's modules are found and read. */
export interface ModuleSettings {
  /** Its addresses are absolute. */
  readonly map: ImportMap;
  /** Those that change what runs. */
  readonly compilerOptions: CompilerOptions;
}

/** Where a plugin is. */
export interface PluginPlace {
  readonly plugin: string;
  /** The folder of the plugin's module. */
  readonly start: string;
  /** The folder that is all the plugin's, the same or one above. */
  readonly own: string;
}

const NAMES = ["deno.json", "deno.jsonc"];

/**
 * Reads the nearest `deno.json` or `deno.jsonc`, in the plugin's folder or above it, and that of the workspace to which it belongs, as far as the host may
 * read.
 *
 * @throws {ManifestError} When such a file cannot be used.
 */
export function readModuleSettings(place: PluginPlace): ModuleSettings {
  const reader = new ConfigReader(place.plugin);
  const nearest = firstOf(configsFrom(place.start, place, reader));
  if (nearest === undefined) return { map: { imports: {}, scopes: {} }, compilerOptions: {} };
  const root = workspaceOf(nearest, place, reader) ?? nearest;
  const members = memberFolders(root, reader).flatMap((folder) => configIn(folder, reader) ?? []);
  const others = members.filter(({ path }) => path !== nearest.path && path !== root.path);
  const own = root.path === nearest.path ? [root] : [root, nearest];
  const maps = own.map((config) => mapOf(config, reader));
  return {
    map: {
      imports: merged([...[...own, ...others].map(namesOf), ...maps.map(({ imports }) => imports)]),
      scopes: merged([...others.map((config) => scopeOf(config, reader)), ...maps.map(({ scopes }) => scopes)]),
    },
    compilerOptions: Object.assign({}, ...own.map(compilerOptionsOf)),
  };
}

function merged<Value>(records: readonly Readonly<Record<string, Value>>[]): Record<string, Value> {
  return Object.assign({}, ...records);
}

function firstOf<Item>(items: Iterable<Item>): Item | undefined {
  for (const item of items) return item;
  return undefined;
}

/** The configurations in a folder and above it, the nearest first. */
function* configsFrom(start: string, { own }: PluginPlace, reader: ConfigReader): Generator<ConfigFile> {
  for (let folder = start, last = ""; folder !== last; last = folder, folder = dirname(folder)) {
    // Not even read: what anybody may have put there must not keep the plugin from its start.
    const config = containsPath(own, folder) || reader.isGuarded(folder) ? configIn(folder, reader) : undefined;
    if (config !== undefined) yield config;
  }
}

function configIn(folder: string, reader: ConfigReader): ConfigFile | undefined {
  return firstOf(NAMES.flatMap((name) => reader.read(join(folder, name)) ?? []));
}

/** The root of the workspace that a configuration belongs to; `undefined` where there is none above it. */
function workspaceOf(config: ConfigFile, place: PluginPlace, reader: ConfigReader): ConfigFile | undefined {
  if (config.content.workspace !== undefined) return config;
  const folder = dirname(config.path);
  for (const above of configsFrom(dirname(folder), place, reader)) {
    if (above.content.workspace !== undefined) return memberFolders(above, reader).includes(folder) ? above : undefined;
  }
  return undefined;
}

/** The folders of a workspace's members. */
function memberFolders(config: ConfigFile, reader: ConfigReader): string[] {
  const { path, content: { workspace = [] } } = config;
  const patterns = Array.isArray(workspace) ? workspace : workspace.members ?? [];
  reader.demandRoom(path, patterns.length);
  const [members, excluded] = [new Set<string>(), new Set<string>()];
  for (const pattern of patterns) {
    const folders = pattern.startsWith("!") ? excluded : members;
    for (const folder of expandPattern(dirname(path), pattern.replace(/^!/, ""))) folders.add(folder);
    reader.demandRoom(path, members.size + excluded.size);
  }
  return [...members.difference(excluded)];
}

/** Only one part may have a `*`, and none leads upwards: a plugin cannot have the host search a whole disk. */
function expandPattern(folder: string, pattern: string): string[] {
  const parts = pattern.split(/[\\/]/).filter((part) => !/^\.?$/.test(part));
  const place = parts.findIndex((part) => part.includes("*"));
  if (parts.includes("..")) return [];
  if (place < 0) return [join(folder, ...parts)];
  // No regular expression: the plugin's pattern could keep one busy for ever.
  const [[start, end, ...more], rest] = [parts[place]!.split("*"), parts.slice(place + 1)];
  if (more.length > 0 || rest.some((part) => part.includes("*"))) return [];
  const above = join(folder, ...parts.slice(0, place));
  const named = subfolders(above).filter((name) =>
    name.length >= start!.length + end!.length && name.startsWith(start!) && name.endsWith(end!)
  );
  return named.map((name) => join(above, name, ...rest));
}

function subfolders(folder: string): string[] {
  if (!mayRead(folder)) return [];
  try {
    return [...Deno.readDirSync(folder)].filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  } catch {
    return [];
  }
}

/** The names by which the modules of a workspace import one of its packages, and a package itself. */
function namesOf({ path, content: { name, exports = {} } }: ConfigFile): Specifiers {
  if (name === undefined) return {};
  const paths = Object.entries(typeof exports === "string" ? { ".": exports } : exports);
  const modules = paths.filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(modules.map(([key, module]) => [`${name}${key.slice(1)}`, absolute(module, toFileUrl(path))]));
}

/** What another member's modules import is no matter of the plugin's own. */
function scopeOf(config: ConfigFile, reader: ConfigReader): Readonly<Record<string, Specifiers>> {
  return { [new URL(".", toFileUrl(config.path)).href]: mapOf(config, reader).imports };
}

/** Its own imports, or else those in the file that it names. */
function mapOf({ path, content }: ConfigFile, reader: ConfigReader): ImportMap {
  const { imports, scopes, importMap } = content;
  if (imports !== undefined || scopes !== undefined) {
    return absoluteMap(withSubpaths({ imports: imports ?? {}, scopes: scopes ?? {} }), toFileUrl(path));
  }
  if (importMap === undefined) return { imports: {}, scopes: {} };
  const named = reader.readNamed(importMap, path);
  return absoluteMap({ imports: named?.content.imports ?? {}, scopes: named?.content.scopes ?? {} }, toFileUrl(named?.path ?? path));
}

/** Where JSX is imported from may be told by a path. */
function compilerOptionsOf({ path, content: { compilerOptions = {} } }: ConfigFile): CompilerOptions {
  const { jsxImportSource: source } = compilerOptions;
  return source === undefined ? compilerOptions : { ...compilerOptions, jsxImportSource: absolute(source, toFileUrl(path)) };
}
