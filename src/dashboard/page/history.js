// @ts-check
/** What plugins used in the last minutes. */

/** How many moments are kept: five minutes of one each two seconds. */
const MOMENTS = 150;

/**
 * What one plugin used, moment by moment: a list for each figure. Times are seconds since 1970, memory is in MiB, processor in percent of one core.
 * @typedef {{ readonly times: number[], readonly memory: number[], readonly processor: number[] }} Usage
 *
 * @typedef {{ readonly name: string, readonly version: string }} PluginKey
 * @typedef {PluginKey & { readonly workers: readonly { readonly memoryMb: number, readonly cpuPercent: number }[] }} PluginFigures
 */

/** The usage of all plugins, by name and version. */
export class UsageHistory {
  /** @type {Map<string, Usage>} */
  #usage = new Map();

  /**
   * Takes the figures of a moment, in seconds since 1970. Plugins that are gone are forgotten.
   * @param {number} time
   * @param {readonly PluginFigures[]} plugins
   */
  add(time, plugins) {
    const keys = new Set(plugins.map(keyOf));
    for (const key of this.#usage.keys()) if (!keys.has(key)) this.#usage.delete(key);
    for (const plugin of plugins) this.#take(time, plugin);
  }

  /**
   * What a plugin used.
   * @param {PluginKey} plugin
   * @returns {Usage}
   */
  of(plugin) {
    return this.#usage.get(keyOf(plugin)) ?? { times: [], memory: [], processor: [] };
  }

  /**
   * @param {number} time
   * @param {PluginFigures} plugin
   */
  #take(time, plugin) {
    const { times, memory, processor } = this.of(plugin);
    const { workers } = plugin;
    this.#usage.set(keyOf(plugin), {
      times: [...times, time].slice(-MOMENTS),
      memory: [...memory, workers.reduce((sum, { memoryMb }) => sum + memoryMb, 0)].slice(-MOMENTS),
      processor: [...processor, workers.reduce((sum, { cpuPercent }) => sum + cpuPercent, 0)].slice(-MOMENTS),
    });
  }
}

/**
 * What tells a plugin from all others.
 * @param {PluginKey} plugin
 */
export function keyOf({ name, version }) {
  return JSON.stringify([name, version]);
}
