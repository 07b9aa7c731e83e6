/**
 * The plugin's own methods that hosts may call by their names: section 3 of `docs/protocol.md`.
 *
 * @module
 */
import type { Plugin } from "../define_plugin.ts";

/** A plugin's methods: their names, by how these stand in a request. */
export type MethodNames = ReadonlyMap<string, string>;

/** What plugins have for the worker, and no host calls by its name. */
const RESERVED: ReadonlySet<string> = new Set<keyof Plugin | "constructor" | "executeBatch">([
  ...["initialize", "execute", "executeStream", "getConfigSchema", "getCurrentConfig", "prefetch", "reconfigure"] as const,
  ...["cancel", "cleanup", "constructor", "executeBatch"] as const,
]);

/** Names that cannot be a part of a path: URLs lose a part of one or two dots. */
const UNSAYABLE: ReadonlySet<string> = new Set(["", ".", ".."]);

/** Finds the methods of a plugin whose names begin without an underscore. Nothing is run to find them: what a getter gives is no method. */
export function methodNames(plugin: object): MethodNames {
  const found = new Map<string, boolean>();
  for (let holder: object | null = plugin; holder !== null && !isBuiltIn(holder); holder = Object.getPrototypeOf(holder)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      // What stands nearer hides what has the same name.
      if (!found.has(name)) found.set(name, typeof value === "function" && !isClass(value));
    }
  }
  const names = [...found].filter(([name, isMethod]) => isMethod && isPublic(name)).map(([name]) => name);
  return new Map(names.map((name) => [encodeURIComponent(name), name]));
}

/** Whether a function can only be constructed. */
export function isClass(value: unknown): value is new () => object {
  return typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));
}

function isPublic(name: string): boolean {
  return !UNSAYABLE.has(name) && !name.startsWith("_") && !RESERVED.has(name) && name.isWellFormed();
}

/** Whether it is the prototype of a class that the runtime has itself. */
function isBuiltIn(holder: object): boolean {
  const maker: unknown = Object.getOwnPropertyDescriptor(holder, "constructor")?.value;
  if (typeof maker !== "function" || maker.prototype !== holder) return false;
  return (globalThis as Record<string, unknown>)[maker.name] === maker;
}
