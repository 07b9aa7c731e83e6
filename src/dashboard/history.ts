/**
 * What plugins used in the last minutes.
 *
 * @module
 */
import type { PluginStats } from "../manager/info.ts";

/** How many moments are kept: five minutes of one each two seconds. */
const MOMENTS = 150;

/** What one plugin used, moment by moment: a list for each figure. */
export interface Usage {
  /** Seconds since 1970. */
  readonly times: number[];
  /** MiB. */
  readonly memory: number[];
  /** Percent of one core. */
  readonly processor: number[];
}

/** The usage of all plugins, by name and version. */
export class UsageHistory {
  readonly #usage = new Map<string, Usage>();

  /** Takes the figures of a moment, in seconds since 1970. Plugins that are gone are forgotten. */
  add(time: number, plugins: readonly PluginStats[]): void {
    const keys = new Set(plugins.map(keyOf));
    for (const key of this.#usage.keys()) if (!keys.has(key)) this.#usage.delete(key);
    for (const plugin of plugins) this.#take(time, plugin);
  }

  /** What a plugin used. */
  of(plugin: Pick<PluginStats, "name" | "version">): Usage {
    return this.#usage.get(keyOf(plugin)) ?? { times: [], memory: [], processor: [] };
  }

  #take(time: number, plugin: PluginStats): void {
    const { times, memory, processor } = this.of(plugin);
    const sum = (figure: (worker: PluginStats["workers"][number]) => number) =>
      plugin.workers.reduce((total, worker) => total + figure(worker), 0);
    this.#usage.set(keyOf(plugin), {
      times: [...times, time].slice(-MOMENTS),
      memory: [...memory, sum(({ memoryMb }) => memoryMb)].slice(-MOMENTS),
      processor: [...processor, sum(({ cpuPercent }) => cpuPercent)].slice(-MOMENTS),
    });
  }
}

/** What tells a plugin from all others. */
export function keyOf({ name, version }: Pick<PluginStats, "name" | "version">): string {
  return JSON.stringify([name, version]);
}
