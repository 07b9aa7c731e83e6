/**
 * What plugins print, for those who follow it.
 *
 * @module
 */
import type { LogRecord } from "../../process/output_log.ts";

/** A line of a plugin. */
export interface PluginLine extends LogRecord {
  /** The plugin's name. */
  readonly plugin: string;
}

/** The lines that are kept for whoever comes. */
const MAX_LINES = 500;

/**
 * Passes on what plugins print. Give its `add` to a manager as `onLog`, and the feed itself to a gateway, whose page shows the lines to operators.
 *
 * @example
 * ```ts no-eval
 * import { createGateway, LogFeed } from "@remote-plugin/proxy/gateway";
 * import { PluginManager } from "@remote-plugin/proxy/manager";
 *
 * const logs = new LogFeed();
 * await using manager = await PluginManager.create({ folders: ["./plugins"], onLog: logs.add });
 * await Deno.serve({ port: 8000 }, createGateway(manager, { token: "…", operatorToken: "…", logs })).finished;
 * ```
 */
export class LogFeed {
  readonly #kept: PluginLine[] = [];
  readonly #followers = new Set<(line: PluginLine) => void>();

  /** Takes a line. */
  readonly add = (record: LogRecord, plugin: string): void => {
    const line = { ...record, plugin };
    this.#kept.push(line);
    if (this.#kept.length > MAX_LINES) this.#kept.shift();
    for (const take of this.#followers) take(line);
  };

  /** Gives the last 500 lines, and then each that comes until the returned function is called. */
  follow(take: (line: PluginLine) => void): () => void {
    for (const line of this.#kept) take(line);
    this.#followers.add(take);
    return () => void this.#followers.delete(take);
  }
}
