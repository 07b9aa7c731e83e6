/**
 * Finds the plugin in a module's exports.
 *
 * @module
 */
import type { ReadyBody } from "../../protocol/messages.ts";
import type { Kwargs, Plugin } from "../define_plugin.ts";
import { isClass, type MethodNames, methodNames } from "./methods.ts";
import { hasMethod, methodsOf } from "./plugin_endpoints.ts";

/** A plugin that can be called. */
export interface LoadedPlugin {
  readonly plugin: Plugin;
  readonly ready: ReadyBody;
  /** The methods that are called by their names. */
  readonly methods: MethodNames;
}

/** What the host has called the plugin; used where the plugin does not say. */
export interface PluginLabel {
  readonly name: string;
  readonly version: string;
  /** Whether calls of `execute` are answered by `executeBatch`. Default: no. */
  readonly batches?: boolean;
}

/** Which export is the plugin: an object or a class, a function, or whichever a script has, by its name or as the only one. */
export type WantedExport =
  | { readonly kind: "class" | "function"; readonly name: string }
  | { readonly kind: "entry"; readonly name: string | undefined };

type Exports = Readonly<Record<string, unknown>>;

/**
 * Takes the plugin from a module.
 *
 * @throws {TypeError} When there is no such export or it is no plugin; and whatever the constructor throws.
 */
export function pluginFromModule(exports: Exports, wanted: WantedExport, label: PluginLabel): LoadedPlugin {
  const name = wanted.name ?? onlyCandidate(exports);
  if (!(name in exports)) throw new TypeError(`The module has no export "${name}". ${describeExports(Object.keys(exports))}`);
  const value = exports[name];
  if (wanted.kind === "class" && isPlainFunction(value)) {
    throw new TypeError(`The export "${name}" is a function. Name it as "function" in the manifest`);
  }
  if (wanted.kind === "class") return loaded(typeof value === "function" ? Reflect.construct(value, []) : value, label);
  if (wanted.kind === "entry") return loadPlugin(value, label);
  if (typeof value !== "function") throw new TypeError(`The export "${name}" is no function`);
  if (isClass(value)) throw new TypeError(`The export "${name}" is a class. Name it as "class" in the manifest`);
  return loadPlugin(value, label);
}

/** Whether it is a function that no plugin can be made with: it gives what it makes no methods. */
function isPlainFunction(value: unknown): boolean {
  if (typeof value !== "function" || isClass(value)) return false;
  const given: unknown = value.prototype;
  return typeof given !== "object" || given === null || Object.getOwnPropertyNames(given).length < 2;
}

/**
 * Makes a plugin of an object, a class, or a function, which `execute` then calls.
 *
 * @throws {TypeError} When it is none; and whatever its constructor throws.
 */
export function loadPlugin(value: unknown, label: PluginLabel): LoadedPlugin {
  if (isClass(value)) return loaded(Reflect.construct(value, []), label);
  return loaded(typeof value === "function" ? { execute: value as (kwargs: Kwargs) => unknown } : value, label);
}

function loaded(plugin: unknown, label: PluginLabel): LoadedPlugin {
  if (typeof plugin !== "object" || plugin === null) throw noPlugin();
  const methods = methodNames(plugin);
  if (!isPlugin(plugin) && methods.size === 0) throw noPlugin();
  if (label.batches && !hasMethod(plugin, "executeBatch")) throw new TypeError(NO_BATCH);
  const { name, version } = plugin as Plugin;
  return {
    plugin,
    ready: { name: text(name, label.name), version: text(version, label.version), methods: methodsOf(plugin, label) },
    methods,
  };
}

function noPlugin(): TypeError {
  return new TypeError(
    'A plugin must be an object or a class with "execute", "executeStream" or "executeBatch", or with methods of its own',
  );
}

function isPlugin(value: object): boolean {
  return WORKS.some((name) => hasMethod(value, name));
}

/** The export of a script that is its plugin: the default one, the one with `execute`, or the only one that can be one. */
function onlyCandidate(exports: Exports): string {
  if ("default" in exports) return "default";
  const names = Object.keys(exports).filter((name) => isCandidate(exports[name]));
  const plugins = names.filter((name) => mayExecute(exports[name]));
  for (const chosen of [plugins, names]) if (chosen.length === 1) return chosen[0]!;
  if (names.length === 0) throw new TypeError(`The script exports no class, function or plugin. ${describeExports(Object.keys(exports))}`);
  throw new TypeError(`The script exports several that may be meant: ${listed(names)}. Name one behind its path, as "#${names[0]}"`);
}

function isCandidate(value: unknown): boolean {
  return typeof value === "function" || (typeof value === "object" && value !== null && isPlugin(value));
}

/** A class or an object that says itself that it is a plugin. */
function mayExecute(value: unknown): boolean {
  const holder = isClass(value) ? value.prototype : value;
  return typeof holder === "object" && holder !== null && isPlugin(holder);
}

const NO_BATCH = 'The plugin is to run calls in batches, and has no "executeBatch". Add it, or remove "batch" from the manifest';

/** What a plugin has one of, unless it has methods of its own. */
const WORKS = ["execute", "executeStream", "executeBatch"] as const;

function text(own: unknown, fallback: string): string {
  return typeof own === "string" && own !== "" ? own : fallback;
}

function describeExports(names: readonly string[]): string {
  return names.length === 0 ? "It exports nothing" : `It exports ${listed(names)}`;
}

function listed(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
