/**
 * Errors of calls, as a recording has them.
 *
 * @module
 */
import {
  CallCancelledError,
  CallError,
  CallTimeoutError,
  PluginError,
  type PluginErrorCode,
  PluginStateError,
  ProtocolError,
  RemoteError,
  WorkerExitError,
  WorkerStartError,
} from "../../errors.ts";
import type { RecordedError } from "./format.ts";

/** How a call ends that its caller has given up; by a signal it ends with the reason of that. */
const GIVEN_UP = [CallTimeoutError, CallCancelledError];

/** What is recorded of an error; `undefined` when the caller has given up its call, which says nothing of the plugin. */
export function recordedError(error: unknown): RecordedError | undefined {
  if (!(error instanceof PluginError) || GIVEN_UP.some((kind) => error instanceof kind)) return undefined;
  const { name, message, code, plugin: _plugin, cause: _cause, stack: _stack, ...details } = error as PluginError & Record<string, unknown>;
  return { name, message, code, ...JSON.parse(JSON.stringify(details)) };
}

/** The error that was recorded. One that somebody has written by hand may say of itself no more than its message. */
export function replayedError({ name, message, code, ...details }: RecordedError, plugin: string): PluginError {
  const facts = { ...details, plugin };
  switch (name) {
    case "RemoteError":
      return new RemoteError(message, { remoteType: "Error", remoteMessage: message, traceback: "", ...facts });
    case "WorkerExitError":
      return new WorkerExitError(message, facts as unknown as ConstructorParameters<typeof WorkerExitError>[1]);
    case "WorkerStartError":
      return new WorkerStartError(message, facts as unknown as ConstructorParameters<typeof WorkerStartError>[1]);
    case "CallCancelledError":
      return new CallCancelledError(message, facts);
    case "ProtocolError":
      return new ProtocolError(message, facts);
    case "PluginStateError":
      return new PluginStateError(message, facts);
    case "CallError":
      return new CallError(code as ConstructorParameters<typeof CallError>[0], message, facts);
    default:
      return new PluginError(code as PluginErrorCode, message, facts);
  }
}
