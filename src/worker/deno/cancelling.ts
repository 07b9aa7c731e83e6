/**
 * How calls are cancelled in this worker. A call climbs no further than it has to:
 *
 * 1. One that has not come yet, or is behind another one on its connection, ends when it is its turn to be read. Its plugin never hears of it.
 * 2. One that waits for its turn ends at once. Its plugin never hears of it.
 * 3. Of one that runs, the plugin's signal aborts, and the plugin's own `cancel()` is called. The call ends as cancelled when the plugin's code has come to
 *    rest, whatever it made of the call.
 * 4. A plugin that does not come to rest is ended with its process, by the host.
 *
 * The host's rungs are in `src/plugin/cancelling.ts`.
 *
 * @module
 */
import type { ErrorBody } from "../../protocol/messages.ts";
import type { Plugin } from "../define_plugin.ts";

/** What `POST /cancel` answers. */
export type CancelStatus = "cancelled" | "not_running";

/** Whether one call is still wanted. */
export class Cancellation {
  #isRequested = false;
  #controller: AbortController | undefined;
  readonly #actions: (() => void)[] = [];

  /** Whether the call is not wanted any more. */
  get isRequested(): boolean {
    return this.#isRequested;
  }

  /** Aborts when the call is not wanted any more. Made when it is asked for first: a signal costs some microseconds, and few calls look at theirs. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isRequested) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** Has something done when the call is not wanted any more. */
  onRequest(action: () => void): void {
    this.#actions.push(action);
  }

  /** Takes the call for one that is not wanted. Twice is harmless. */
  request(): void {
    if (this.#isRequested) return;
    this.#isRequested = true;
    this.#controller?.abort();
    for (const action of this.#actions) action();
  }
}

/** A call as far as cancelling knows it. */
export interface Cancellable {
  readonly order: { readonly callId: string };
  /** Takes the first step that applies. Twice is harmless. */
  cancel(): void;
}

/** So many calls may be cancelled before they come; of more, the oldest are forgotten. */
const MOST_AHEAD = 1024;

/** The calls that can be cancelled, by their ids. */
export class OpenCalls<Open extends Cancellable> {
  readonly #calls = new Map<string, Open>();
  /** The ids of calls that were cancelled while they were on their way, or behind another one on their connection. */
  readonly #ahead = new Set<string>();

  /** Whether a call of this id is open. */
  has(callId: string): boolean {
    return this.#calls.has(callId);
  }

  /** The call of this id, if it is open. */
  get(callId: string): Open | undefined {
    return this.#calls.get(callId);
  }

  /** Adds a call. */
  add(call: Open): void {
    this.#calls.set(call.order.callId, call);
  }

  /** Makes the id free for another call. */
  remove(call: Open): void {
    if (this.#calls.get(call.order.callId) === call) this.#calls.delete(call.order.callId);
  }

  /** Cancels the call of this id; without one, all. */
  cancel(callId: string | undefined): CancelStatus {
    const calls = callId === undefined ? [...this.#calls.values()] : [this.#calls.get(callId)].filter((call) => call !== undefined);
    for (const call of calls) call.cancel();
    return calls.length > 0 ? "cancelled" : "not_running";
  }

  /** Cancels the call of this id, also one that has not come yet. */
  cancelAhead(callId: string): CancelStatus {
    if (this.cancel(callId) === "cancelled") return "cancelled";
    this.#ahead.delete(callId);
    this.#ahead.add(callId);
    for (const oldest of this.#ahead) {
      if (this.#ahead.size <= MOST_AHEAD) break;
      this.#ahead.delete(oldest);
    }
    return "cancelled";
  }

  /** Cancels a call that comes behind the one of the id `first`, if that is open still: nothing behind it can have begun. */
  cancelBehind(callId: string, first: string): CancelStatus {
    return this.has(first) ? this.cancelAhead(callId) : "not_running";
  }

  /** Whether a call that comes now was cancelled before. It is known once. */
  wasCancelled(callId: string): boolean {
    return this.#ahead.delete(callId);
  }
}

/** Calls a plugin's own `cancel()`. The call ends as cancelled whatever that makes of it. */
export async function askToStop(plugin: Plugin): Promise<void> {
  try {
    await plugin.cancel?.();
  } catch {
    // Its signal has aborted already.
  }
}

/** The error of a call that was cancelled. */
export function cancelledBody(): ErrorBody {
  const message = "The call was cancelled";
  return {
    code: "cancelled",
    type: "CallCancelled",
    message,
    traceback: "",
    retriable: false,
    // The original's clients tell a cancelled call by this prefix.
    original_exc_repr: `PluginCancelledError(${JSON.stringify(message)})`,
    occurred_at: new Date().toISOString(),
  };
}
