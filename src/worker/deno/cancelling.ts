/**
 * How calls are cancelled in this worker. A call climbs no further than it has to:
 *
 * 1. One that waits for its turn ends at once. Its plugin never hears of it.
 * 2. Of one that runs, the plugin's signal aborts, and the plugin's own `cancel()` is called. The call ends as cancelled when the plugin's code has come to
 *    rest, whatever it made of the call.
 * 3. A plugin that does not come to rest is ended with its process, by the host.
 *
 * The host's rungs are in `src/plugin/cancelling.ts`.
 *
 * @module
 */
import type { ErrorBody } from "../../protocol/messages.ts";
import type { Plugin } from "../define_plugin.ts";

/** What `POST /cancel` answers. */
export type CancelStatus = "cancelled" | "not_running";

/** A call as far as cancelling knows it. */
export interface Cancellable {
  readonly order: { readonly callId: string };
  /** Takes the first step that applies. Twice is harmless. */
  cancel(): void;
}

/** The calls that can be cancelled, by their ids. */
export class OpenCalls {
  readonly #calls = new Map<string, Cancellable>();

  /** Whether a call of this id is open. */
  has(callId: string): boolean {
    return this.#calls.has(callId);
  }

  /** Adds a call. Aborting the signal abandons it, which cancels it too. */
  add(call: Cancellable, signal: AbortSignal): Disposable {
    this.#calls.set(call.order.callId, call);
    const abandon = () => call.cancel();
    if (signal.aborted) abandon();
    else signal.addEventListener("abort", abandon, { once: true });
    return { [Symbol.dispose]: () => signal.removeEventListener("abort", abandon) };
  }

  /** Makes the id free for another call. */
  remove(call: Cancellable): void {
    if (this.#calls.get(call.order.callId) === call) this.#calls.delete(call.order.callId);
  }

  /** Cancels the call of this id; without one, all. */
  cancel(callId: string | undefined): CancelStatus {
    const calls = callId === undefined ? [...this.#calls.values()] : [this.#calls.get(callId)].filter((call) => call !== undefined);
    for (const call of calls) call.cancel();
    return calls.length > 0 ? "cancelled" : "not_running";
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
