/**
 * The calls of the gateway's clients while they are open.
 *
 * @module
 */
import { CallCancelledError } from "../errors.ts";

/** A call, which its client can give up. */
export interface OpenCall {
  /** Aborted when it is given up. */
  readonly signal: AbortSignal;
  /** Gives it up. */
  cancel(): void;
  /** It has had its last frame, or will never have it. */
  end(): void;
}

/** Finds a call by its plugin and id. */
export class OpenCalls {
  readonly #byKey = new Map<string, OpenCall>();

  /** Whether a call of that id is open. */
  has(plugin: string, callId: string | undefined): boolean {
    return callId !== undefined && this.#byKey.has(keyOf(plugin, callId));
  }

  /** How many calls of a plugin are open that have an id. */
  count(plugin: string): number {
    return [...this.#byKey.keys()].filter((key) => key.startsWith(keyOf(plugin, ""))).length;
  }

  /** Opens a call. One without an id cannot be found. */
  open(plugin: string, callId: string | undefined): OpenCall {
    const controller = new AbortController();
    const key = callId === undefined ? undefined : keyOf(plugin, callId);
    const call = {
      signal: controller.signal,
      cancel: () => controller.abort(new CallCancelledError(`A call of "${plugin}" was cancelled`, { plugin })),
      end: () => void (key !== undefined && this.#byKey.delete(key)),
    };
    if (key !== undefined) this.#byKey.set(key, call);
    return call;
  }

  /** Gives up the call of that id. False when there is none. */
  cancel(plugin: string, callId: unknown): boolean {
    const call = this.#byKey.get(keyOf(plugin, String(callId)));
    call?.cancel();
    return call !== undefined;
  }
}

function keyOf(plugin: string, callId: string): string {
  return `${plugin} ${callId}`;
}
