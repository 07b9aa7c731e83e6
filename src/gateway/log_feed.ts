/**
 * What plugins print, for those who look on.
 *
 * @module
 */
import type { LogRecord } from "../process/output_log.ts";

/** A line of a plugin. */
export interface PluginLine extends LogRecord {
  /** The plugin's name. */
  readonly plugin: string;
}

/** The lines that are kept for whoever comes, and the most that wait for one who does not keep up. */
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
  readonly #readers = new Set<Reader>();

  /** Takes a line. */
  readonly add = (record: LogRecord, plugin: string): void => {
    const line = { ...record, plugin };
    this.#kept.push(line);
    if (this.#kept.length > MAX_LINES) this.#kept.shift();
    for (const reader of this.#readers) reader.take(line);
  };

  /** The last lines, and those that come until the signal is aborted. One who does not keep up loses the oldest. */
  async *lines(signal: AbortSignal): AsyncGenerator<PluginLine, void, void> {
    const reader = new Reader(this.#kept);
    this.#readers.add(reader);
    signal.addEventListener("abort", reader.wake, { once: true });
    try {
      while (true) {
        yield* reader.taken();
        if (signal.aborted) return;
        await reader.next;
      }
    } finally {
      signal.removeEventListener("abort", reader.wake);
      this.#readers.delete(reader);
    }
  }
}

class Reader {
  #waiting: PluginLine[];
  #come = Promise.withResolvers<void>();

  constructor(kept: readonly PluginLine[]) {
    this.#waiting = [...kept];
  }

  /** Resolves when there is something to take, or nothing more to wait for. */
  get next(): Promise<void> {
    return this.#waiting.length > 0 ? Promise.resolve() : this.#come.promise;
  }

  readonly wake = (): void => this.#come.resolve();

  take(line: PluginLine): void {
    this.#waiting.push(line);
    if (this.#waiting.length > MAX_LINES) this.#waiting.shift();
    this.wake();
  }

  taken(): PluginLine[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#come = Promise.withResolvers();
    return taken;
  }
}
