/**
 * Finds the plugin in a module's exports.
 *
 * @module
 */
import type { ReadyBody } from "../../protocol/messages.ts";
import type { Plugin } from "../define_plugin.ts";
import { hasMethod, methodsOf } from "./plugin_endpoints.ts";

/** A plugin that can be called. */
export interface LoadedPlugin {
  readonly plugin: Plugin;
  readonly ready: ReadyBody;
}

/** What the host has called the plugin; used where the plugin does not say. */
export interface PluginLabel {
  readonly name: string;
  readonly version: string;
  /** Whether calls of `execute` are answered by `executeBatch`. Default: no. */
  readonly batches?: boolean;
}

/**
 * Takes the plugin from a module.
 *
 * @param exports What the module exports.
 * @param exportName Which export is the plugin: an object, or a class that is constructed without arguments.
 * @throws {TypeError} When there is no such export or it is no plugin; and whatever the constructor throws.
 */
export function pluginFromModule(exports: Readonly<Record<string, unknown>>, exportName: string, label: PluginLabel): LoadedPlugin {
  if (!(exportName in exports)) throw new TypeError(`The module has no export "${exportName}". ${describeExports(exports)}`);
  return loadPlugin(exports[exportName], label);
}

/**
 * Makes sure that a value is a plugin.
 *
 * @throws {TypeError} When it is none; and whatever its constructor throws.
 */
export function loadPlugin(value: unknown, label: PluginLabel): LoadedPlugin {
  const plugin = typeof value === "function" ? Reflect.construct(value, []) : value;
  if (!isPlugin(plugin)) throw new TypeError('A plugin must be an object or a class with "execute", "executeStream" or "executeBatch"');
  if (label.batches && !hasMethod(plugin, "executeBatch")) throw new TypeError(NO_BATCH);
  return {
    plugin,
    ready: { name: text(plugin.name, label.name), version: text(plugin.version, label.version), methods: methodsOf(plugin, label) },
  };
}

const NO_BATCH = 'The plugin is to run calls in batches, and has no "executeBatch". Add it, or remove "batch" from the manifest';

function isPlugin(value: unknown): value is Plugin {
  return typeof value === "object" && value !== null && WORKS.some((name) => hasMethod(value, name));
}

/** A plugin has one of these at least. */
const WORKS = ["execute", "executeStream", "executeBatch"] as const;

function text(own: unknown, fallback: string): string {
  return typeof own === "string" && own !== "" ? own : fallback;
}

function describeExports(exports: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(exports).map((name) => `"${name}"`);
  return names.length === 0 ? "It exports nothing" : `It exports ${names.join(", ")}`;
}
