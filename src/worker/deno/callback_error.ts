/**
 * The failure of a function that the plugin has called.
 *
 * @module
 */
import type { FunctionError } from "../../protocol/callback_answer.ts";

/** A function of the host's has failed, or could not be called. */
export class CallbackError extends Error {
  override readonly name: string = "CallbackError";
  /** The error's class there. */
  readonly type: string;
  /** Its stack there, empty where there is none. */
  readonly traceback: string;
  /** Which callback it was; 0 where the host has not run it. */
  readonly callback: number;
  /** What the error says of itself. */
  readonly category?: string;
  /** Whether the same call may succeed later. */
  readonly retriable?: boolean;

  /** Makes the error of what the host says. */
  constructor({ type, message, traceback, category, retriable }: FunctionError, callback = 0) {
    super(`${type}: ${message}`);
    this.type = type;
    this.traceback = traceback;
    this.callback = callback;
    if (category !== undefined) this.category = category;
    if (retriable !== undefined) this.retriable = retriable;
    if (traceback !== "") this.stack += `\nThe host says:\n${traceback}`;
  }
}
