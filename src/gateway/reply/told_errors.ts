/**
 * What a client is told of an error.
 *
 * @module
 */
import {
  CallCancelledError,
  CallError,
  PluginError,
  type PluginErrorCode,
  RemoteError,
  WorkerExitError,
  WorkerStartError,
} from "../../errors.ts";
import { ClientFunctionError } from "../client_functions.ts";
import type { ErrorBody, ErrorCode } from "../../protocol/messages.ts";
import { messageOf } from "../../protocol/text.ts";

/** What may be told. */
export interface TellOptions {
  /** Whether that includes tracebacks, and what a worker has printed. */
  readonly withTraceback: boolean;
}

/** Under this the body of an error has the code of the error tree, for those who are in this process. JSON does not write it. */
export const TREE_CODE: unique symbol = Symbol("code of the error tree");

/** The body of an error with its code of the error tree, `undefined` for an error that is none of the tree's. */
export type TreeErrorBody = ErrorBody & { readonly [TREE_CODE]?: PluginErrorCode };

/** An error as the body of a frame. */
export function errorBody(error: unknown, options: TellOptions): TreeErrorBody {
  return { ...wireError(error, options), ...error instanceof PluginError ? { [TREE_CODE]: error.code } : {} };
}

function wireError(error: unknown, { withTraceback }: TellOptions): ErrorBody {
  const type = error instanceof Error ? error.name : "Error";
  if (error instanceof RemoteError) {
    const { remoteType: type, remoteMessage: message, category, retriable, plugin: plugin_name } = error;
    const traceback = withTraceback ? error.traceback : "";
    const origin = error.cause instanceof ClientFunctionError ? { callback: error.cause.callback } : {};
    return { code: "plugin_error", type, message, traceback, category, retriable, plugin_name, ...origin };
  }
  return { code: codeOf(error), type, message: withTraceback ? messageOf(error) : outwardMessage(error), traceback: "" };
}

/** The code of the wire that says what an error was. */
export function codeOf(error: unknown): ErrorCode {
  if (error instanceof RemoteError) return "plugin_error";
  if (error instanceof CallCancelledError) return "cancelled";
  if (error instanceof CallError && error.code === "not_supported") return "not_supported";
  if (error instanceof WorkerStartError) return "load_error";
  return error instanceof PluginError && error.code === "worker_exited" ? "plugin_exit" : "plugin_error";
}

/** What a worker has printed, and where it was to start, are this machine's own. */
function outwardMessage(error: unknown): string {
  if (error instanceof WorkerStartError) return `"${error.plugin}" could not be started. An operator is told why`;
  if (!(error instanceof WorkerExitError)) return messageOf(error);
  const how = error.outOfMemory ? "for want of memory" : `with ${error.signal ?? `exit code ${error.exitCode}`}`;
  return `The worker of "${error.plugin}" ended ${how}. An operator is told more`;
}
