/**
 * What the tools of plugins are called.
 *
 * @module
 */

/** The longest name that assistants take, in characters. */
const MAX_LENGTH = 64;

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

function nameOf(plugin: string): string {
  return plugin.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, MAX_LENGTH);
}

function freeName(name: string, taken: ReadonlyMap<string, string>): string {
  for (let number = 1;; number++) {
    const ending = number === 1 ? "" : `_${number}`;
    const free = name.slice(0, MAX_LENGTH - ending.length) + ending;
    if (!taken.has(free)) return free;
  }
}
