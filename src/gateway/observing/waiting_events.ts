/**
 * What has come for a follower of the gateway, and was not sent yet.
 *
 * @module
 */
import type { SeenCall } from "./call_feed.ts";
import type { PluginLine } from "./log_feed.ts";

/** The most lines, and the most calls, that wait for one who does not keep up. */
const MAX_WAITING = 500;

/** Lines and calls in the order in which they came. One who does not keep up loses the oldest, and of a call all but its last state. */
export class WaitingEvents {
  #lines: PluginLine[] = [];
  #calls = new Map<number, SeenCall>();
  #come = Promise.withResolvers<void>();

  /** Resolves when there is something to take, or nothing more to wait for. */
  get next(): Promise<void> {
    return this.#come.promise;
  }

  /** Has whoever waits go on. */
  readonly wake = (): void => this.#come.resolve();

  /** Takes a line. */
  readonly addLine = (line: PluginLine): void => {
    this.#lines.push(line);
    if (this.#lines.length > MAX_WAITING) this.#lines.shift();
    this.wake();
  };

  /** Takes a call as it is now. */
  readonly addCall = (call: SeenCall): void => {
    this.#calls.delete(call.number);
    this.#calls.set(call.number, call);
    if (this.#calls.size > MAX_WAITING) this.#calls.delete(this.#calls.keys().next().value!);
    this.wake();
  };

  /** All that waits, as the events of a browser, `log` and `call`. */
  taken(): string {
    const [lines, calls] = [this.#lines, this.#calls];
    [this.#lines, this.#calls, this.#come] = [[], new Map(), Promise.withResolvers()];
    return [...lines.map((line) => eventText("log", line)), ...calls.values().map((call) => eventText("call", call))].join("");
  }
}

function eventText(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
