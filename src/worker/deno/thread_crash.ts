/**
 * Reads what the runtime says of a thread that it has ended.
 *
 * @module
 */
import type { ErrorBody } from "../../protocol/messages.ts";
import { errorBody } from "./error_body.ts";

// deno-lint-ignore no-control-regex
const COLORS = /\x1b\[[0-9;]*m/g;

/** The thread's own entry, which says nothing about the plugin. */
const ENTRY_FRAME = /\n +at (?:data|blob):\S+/g;

/** The error body for an error event's message, which is all that such an event has of an error in a worker. */
export function describeCrash(eventMessage: string): ErrorBody {
  const text = eventMessage.replace(COLORS, "").replace(ENTRY_FRAME, "").replace(/^Uncaught (\(in promise\) )?/, "");
  const [, type = "Error", message = ""] = /^(?:([A-Za-z_$][\w$]*): )?([^\n]*?)\.?(?:\n|$)/.exec(text) ?? [];
  return {
    ...errorBody("plugin_exit", new Error(message)),
    type,
    traceback: text,
    original_exc_repr: `${type}(${JSON.stringify(message)})`,
  };
}
