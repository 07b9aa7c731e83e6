/**
 * What the tools of plugins are called.
 *
 * @module
 */

/** The longest name that assistants take, in characters. */
const MAX_LENGTH = 64;

/** Stands between a plugin's name and that of its method, in which it cannot be. */
const SEPARATOR = "-";

/**
 * The plugins by the names of their tools. A plugin's name is its tool's, where assistants take it: letters, digits, `_` and `-`. Another name is made
 * from it, and a number tells it from one that is taken.
 */
export function pluginsByTool(plugins: readonly string[]): Map<string, string> {
  // A name that can stay as it is is never another plugin's.
  const exact = plugins.filter((plugin) => nameOf(plugin) === plugin);
  const tools = new Map(exact.map((plugin) => [plugin, plugin]));
  for (const plugin of plugins.filter((one) => !exact.includes(one))) tools.set(freeName(nameOf(plugin), tools), plugin);
  return tools;
}

/** The names of the tools of one plugin's methods: none is another plugin's, or that of another one's method. */
export function toolsOfMethods(tool: string, methods: readonly string[], plugins: ReadonlyMap<string, string>): Map<string, string> {
  const tools = new Map<string, string>();
  for (const method of methods) {
    const ending = `${SEPARATOR}${nameOf(method).replaceAll(SEPARATOR, "_")}`;
    const wanted = tool.slice(0, Math.max(0, MAX_LENGTH - ending.length)) + ending.slice(0, MAX_LENGTH);
    tools.set(freeName(wanted, { has: (name) => tools.has(name) || plugins.has(name) }), method);
  }
  return tools;
}

/** Whether a plugin's tool may have a method's tool of this name. */
export function mayBeMethodOf(tool: string, name: string): boolean {
  const at = name.lastIndexOf(SEPARATOR);
  return at >= 0 && tool.startsWith(name.slice(0, at));
}

function nameOf(plugin: string): string {
  return plugin.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, MAX_LENGTH);
}

function freeName(name: string, taken: Pick<ReadonlyMap<string, string>, "has">): string {
  for (let number = 1;; number++) {
    const ending = number === 1 ? "" : `_${number}`;
    const free = name.slice(0, MAX_LENGTH - ending.length) + ending;
    if (!taken.has(free)) return free;
  }
}
