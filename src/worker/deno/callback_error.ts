/**
 * The failure of a function that the plugin has called.
 *
 * @module
 */
import type { FunctionError } from "../../protocol/callback_answer.ts";

/** A function of the host's has failed, or could not be called. */
export class CallbackError extends Error {
  /** The class. */
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
    super(`${type}: ${message}`, { cause: hostError({ type, message, traceback }) });
    this.stack = withoutCallFrames(String(this.stack));
    this.type = type;
    this.traceback = traceback;
    this.callback = callback;
    if (category !== undefined) this.category = category;
    if (retriable !== undefined) this.retriable = retriable;
  }
}

/** The error there, with the stack that it has there; `undefined` where nothing is known of that. */
function hostError({ type, message, traceback }: FunctionError): Error | undefined {
  if (traceback === "") return undefined;
  const error = new Error(message);
  error.name = type;
  error.stack = traceback;
  return error;
}

const OWN_FOLDER = new URL(".", import.meta.url).href;

/** A stack that begins where the plugin has called the function. */
function withoutCallFrames(stack: string): string {
  const [head = "", ...frames] = stack.split("\n    at ");
  const first = frames.findIndex((frame) => !frame.includes(OWN_FOLDER));
  return [head, ...first < 0 ? [] : frames.slice(first)].join("\n    at ");
}
