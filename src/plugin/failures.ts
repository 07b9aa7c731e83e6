/**
 * Whatever ends a call, as the error that its caller gets.
 *
 * @module
 */
import { nameHint } from "../manifest/nearest_name.ts";
import { lowerFirst } from "../protocol/text.ts";
import {
  CallCancelledError,
  CallError,
  CallTimeoutError,
  type PluginError,
  PluginStateError,
  ProtocolError,
  RemoteError,
  WorkerExitError,
  WorkerStartError,
} from "../errors.ts";
import type { WorkerExit } from "../process/running_child.ts";
import type { ErrorBody } from "../protocol/messages.ts";
import { BrokenReplyError, MalformedReplyError, RefusedError } from "../transport/errors.ts";

/** Which operation of which plugin an error is about. */
export interface OperationName {
  readonly plugin: string;
  /** The member that was called, for example `executeStream`. */
  readonly member: string;
}

/** An error that the worker reported, and the one that it was made of, where that is known. */
export function reportedError(body: ErrorBody, { plugin, member }: OperationName, origin?: unknown): PluginError {
  switch (body.code) {
    case "cancelled":
      return new CallCancelledError(`"${member}" of "${plugin}" was cancelled`, { plugin });
    case "not_supported":
      return new CallError("not_supported", notSupportedText(body, { plugin, member }), { plugin });
    case "load_error":
      return loadError(body, { plugin });
    default:
      return remoteError(body, { plugin, member, origin });
  }
}

/** What is known of a plugin that could not be loaded besides its error. */
interface LoadFacts {
  readonly plugin: string;
  readonly output?: string;
  /** Goes on from the error's message. */
  readonly advice?: string;
}

/** The plugin could not be imported or constructed. */
export function loadError(body: ErrorBody, { plugin, output, advice = "" }: LoadFacts): WorkerStartError {
  const cause = remoteError(body, { plugin, member: "load" });
  return new WorkerStartError(`Cannot load "${plugin}": ${errorText(body)}${advice}`, { plugin, phase: "load", output, cause });
}

function remoteError(body: ErrorBody, { plugin, member, origin }: OperationName & { readonly origin?: unknown }): RemoteError {
  return new RemoteError(`"${member}" of "${plugin}" failed with ${errorText(body)}`, {
    plugin,
    remoteType: body.type,
    remoteMessage: body.message,
    traceback: body.traceback,
    category: body.category,
    retriable: body.retriable,
    cause: origin,
  });
}

/** An error's class, and what it says. Many of Python's say nothing. */
function errorText(body: ErrorBody): string {
  const said = saidIn(body);
  return said === "" ? body.type : `${body.type}: ${said}`;
}

/** What an error says. Deno advises a flag for the program that it runs, which is the worker, and nobody writes that one's flags. */
function saidIn({ type, message }: ErrorBody): string {
  if (type !== "NotCapable") return message;
  return message.replace(
    /, run again with the --allow-([a-z]+) flag/,
    '. Name it under "$1" in the manifest\'s "permissions", and have the host give it',
  );
}

/** Functions are given to a worker that takes none. */
export function noFunctionsError({ plugin, member }: OperationName, isOwn: boolean): CallError {
  const who = isOwn ? "its worker takes none" : 'what it is attached to takes none. A gateway does that is made with "callbacks: true"';
  return new CallError("not_supported", `Cannot run "${member}" of "${plugin}" with functions: ${who}`, { plugin });
}

/** A call of the plugin in a callback of its own call, which would have to wait for that. */
export function withinCallbackError({ plugin, member }: OperationName): PluginStateError {
  const message =
    `Cannot run "${member}" of "${plugin}" in a callback of its own call: no place is free, and it would wait for that call. ` +
    `Raise "max_concurrency" in the manifest, or start the plugin twice`;
  return new PluginStateError(message, { plugin });
}

/** What a plugin cannot do. A gateway says it as it stands here already. */
function notSupportedText(body: ErrorBody, { plugin, member }: OperationName): string {
  const doing = `Cannot run "${member}" of "${plugin}": `;
  return body.message.startsWith(doing) ? body.message : doing + itLacks(body, member);
}

/** What a plugin lacks, without its name, which stands before it. Of a method the worker knows the spelling in the path alone. */
function itLacks({ message, known }: ErrorBody, member: string): string {
  if (!Array.isArray(known) || !known.every((name) => typeof name === "string")) {
    return lowerFirst(message.replace(/^The plugin( "[^"]*")?/, "it"));
  }
  const hint = known.length === 0 ? "It has none besides those with members of their own" : nameHint(member, known);
  return `it has no method "${member}". ${hint}`;
}

/** A value that the plugin gave and the worker let pass, and that goes no further. */
export function badValueError(message: string, name: OperationName): PluginError {
  return reportedError({ code: "bad_result", type: "BadResult", message, traceback: "", category: "fatal", retriable: false }, name);
}

/** Why a worker was ended, where it did not end by itself. */
export interface EndReason {
  /** Goes on from "The worker was ended, for". */
  readonly why: string;
  /** What it did, as an error of its own. */
  readonly cause?: unknown;
}

/** What is known of a worker's end besides how it ended. */
export interface ExitFacts {
  readonly output: string;
  readonly calls: readonly string[];
  readonly reason?: EndReason;
  /** Whether another worker takes its place. Default: no. */
  readonly isReplaced?: boolean;
}

/** The worker is gone. */
export function exitError(plugin: string, exit: WorkerExit, { output, calls, reason, isReplaced = false }: ExitFacts): WorkerExitError {
  const { code: exitCode, signal, outOfMemory, lost } = exit;
  const during = calls.length === 0 ? "" : ` while it ran ${countedNames(calls)}`;
  const told = lost === undefined ? `ended with ${howItEnded({ exitCode, signal, outOfMemory })}${during}` : `was lost${during}: ${lost}`;
  const ended = reason === undefined ? told : `was ended${during}, for ${reason.why}`;
  const said = output === "" ? "" : `. It printed last: ${output}`;
  const details = { plugin, exitCode, signal, outOfMemory, output, calls, cause: reason?.cause };
  return new WorkerExitError(`The worker of "${plugin}" ${ended}. ${isReplaced ? REPLACED : START_AGAIN}${said}`, details);
}

const START_AGAIN = 'Start the plugin again, or have "restart" in its manifest do it';
const REPLACED = 'Another one takes its place. It runs what had not begun, and what is "idempotent"';

/** What ran, each name once. */
function countedNames(calls: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const call of calls) counts.set(call, (counts.get(call) ?? 0) + 1);
  return [...counts].map(([call, count]) => count === 1 ? `"${call}"` : `"${call}" (${count} calls)`).join(", ");
}

/** How a process ended, in words. */
export function howItEnded({ exitCode, signal, outOfMemory }: Pick<WorkerExitError, "exitCode" | "signal" | "outOfMemory">): string {
  return `${signal ?? (exitCode === null ? "an end that nobody saw" : `exit code ${exitCode}`)}${outOfMemory ? " for want of memory" : ""}`;
}

/** The plugin was let go before. */
export function closedError({ plugin, member }: OperationName): PluginStateError {
  return new PluginStateError(`Cannot run "${member}" of "${plugin}" after cleanup(). Start the plugin again`, { plugin });
}

/** The operation was ended by another member of the plugin, for example `cleanup()`. */
export function cancelledError({ plugin, member }: OperationName, by: string): CallCancelledError {
  return new CallCancelledError(`"${member}" of "${plugin}" was cancelled, for ${by} was called`, { plugin });
}

/** The operation has taken longer than it may. */
export function tooLongError({ plugin, member }: OperationName, timeoutMs: number): CallTimeoutError {
  const message = `"${member}" of "${plugin}" took longer than its limit of ${timeoutMs} ms, and was told to stop`;
  return new CallTimeoutError(message, { plugin, timeoutMs });
}

/** The operation has been silent for longer than it may. */
export function tooSilentError({ plugin, member }: OperationName, timeoutMs: number): CallTimeoutError {
  const message =
    `"${member}" of "${plugin}" gave no sign of life for ${timeoutMs} ms, no progress, chunk or line of output, and was told to stop`;
  return new CallTimeoutError(message, { plugin, timeoutMs, idle: true });
}

/** Whether the connection was lost, for which the end of the process is the better explanation. */
export function isBroken(error: unknown): boolean {
  return error instanceof BrokenReplyError;
}

/** Whether a worker that still lives has broken the protocol. Where no reply came at all, the connection alone may be to blame. */
export function isBreach(error: unknown): error is ProtocolError {
  return error instanceof ProtocolError && !(error.cause instanceof BrokenReplyError && !error.cause.hasBegun);
}

/** Why an operation cannot begin: an earlier reply has shown that nothing the worker says can be trusted. */
export function breachError({ plugin, member }: OperationName, breach: ProtocolError): PluginStateError {
  const message =
    `Cannot run "${member}" of "${plugin}": its worker broke the protocol and was given up. Start the plugin again. ${breach.message}`;
  return new PluginStateError(message, { plugin, cause: breach });
}

/** An error of the transport, or any other, which is passed on as it is. */
export function transportError(error: unknown, { plugin, member }: OperationName): unknown {
  const doing = `Cannot run "${member}" of "${plugin}"`;
  if (error instanceof RefusedError) return refusedError(error, { plugin, member });
  if (error instanceof MalformedReplyError || error instanceof BrokenReplyError) {
    return new ProtocolError(`${doing}: ${lowerFirst(error.message)}`, { plugin, cause: error });
  }
  return error;
}

function refusedError(error: RefusedError, { plugin, member }: OperationName): CallError {
  const doing = `Cannot run "${member}" of "${plugin}"`;
  switch (error.status) {
    case 400:
    case 413:
      return new CallError("invalid_arguments", `${doing}: the worker refused the arguments: ${error.message}`, { plugin, cause: error });
    case 409:
      return new CallError("invalid_arguments", `${doing}: a call with its "callId" is still open`, { plugin, cause: error });
    case 404:
    case 405:
      return new CallError("not_supported", `${doing}: the worker has no such endpoint`, { plugin, cause: error });
    case 507:
      return new CallError("no_room", `${doing}: ${lowerFirst(error.message)}`, { plugin, cause: error });
    case 401:
      return new ProtocolError(`${doing}: the worker refused the token. Give the token that it was started with`, { plugin, cause: error });
    default:
      return new ProtocolError(`${doing}: the worker answered ${error.status}: ${error.message}`, { plugin, cause: error });
  }
}
