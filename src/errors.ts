/**
 * Every error that this package throws.
 *
 * ```text
 * PluginError             code, plugin, cause
 * ├── ManifestError           source, place
 * ├── PermissionDeniedError   missing, flags
 * ├── WorkerStartError        phase, exitCode, signal, output
 * ├── WorkerExitError         exitCode, signal, outOfMemory, output, calls
 * ├── PluginStateError
 * ├── SignatureMismatchError  changes, command
 * └── CallError
 *     ├── RemoteError         remoteType, traceback, category, retriable
 *     ├── CallTimeoutError    timeoutMs, idle
 *     ├── CallCancelledError
 *     └── ProtocolError
 * ```
 *
 * A call that its caller aborts rejects with the signal's own `reason` instead.
 *
 * @module
 */

/** What went wrong, as a word that programs can compare. */
export type PluginErrorCode =
  | "invalid_manifest"
  | "unknown_plugin"
  | "permission_denied"
  | "worker_start_failed"
  | "worker_exited"
  | "invalid_state"
  | "signature_mismatch"
  | "invalid_arguments"
  | "input_failed"
  | "no_room"
  | "not_supported"
  | "remote_error"
  | "timeout"
  | "cancelled"
  | "protocol_violation"
  | "invalid_recording"
  | "not_recorded";

/** What each error tells besides its message. */
export interface PluginErrorDetails {
  /** The plugin's name, or the manifest's place while the name is not known. */
  readonly plugin: string;
  /** What caused this error. */
  readonly cause?: unknown;
}

/**
 * The base of all errors of this package.
 *
 * @example
 * ```ts
 * import { PluginError, RemotePluginProxy } from "@remote-plugin/proxy";
 *
 * try {
 *   await RemotePluginProxy.start({ module: "whisper_plugin" }); // names no class
 * } catch (error) {
 *   if (error instanceof PluginError) console.log(error.code); // "invalid_manifest"
 * }
 * ```
 */
export class PluginError extends Error {
  /** What went wrong, as a word that programs can compare. */
  readonly code: PluginErrorCode;
  /** The plugin's name. */
  readonly plugin: string;

  /** Makes an error with a code, a message and the plugin that it is about. */
  constructor(code: PluginErrorCode, message: string, details: PluginErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.plugin = details.plugin;
  }
}

/** What a {@linkcode ManifestError} tells besides its message. */
export interface ManifestErrorDetails extends PluginErrorDetails {
  /** The manifest's path or URL, `undefined` for one given as an object. */
  readonly source?: string;
  /** The JSON path of the value that is wrong, for example `$.env_vars.CUDA`. */
  readonly place?: string;
}

/** A manifest cannot be read, or says something that no manifest may say. */
export class ManifestError extends PluginError {
  /** The manifest's path or URL, `undefined` for one given as an object. */
  readonly source: string | undefined;
  /** The JSON path of the value that is wrong. */
  readonly place: string | undefined;

  /** Makes the error. */
  constructor(message: string, details: ManifestErrorDetails) {
    super("invalid_manifest", message, details);
    this.source = details.source;
    this.place = details.place;
  }
}

/** What a {@linkcode PermissionDeniedError} tells besides its message. */
export interface PermissionDeniedErrorDetails extends PluginErrorDetails {
  /** The permissions that the host lacks. */
  readonly missing: readonly Deno.PermissionDescriptor[];
  /** The flags that would give them. */
  readonly flags: readonly string[];
}

/** The host program lacks a Deno permission; nothing was started. */
export class PermissionDeniedError extends PluginError {
  /** The permissions that the host lacks. */
  readonly missing: readonly Deno.PermissionDescriptor[];
  /** The flags to add to `deno run`, for example `--allow-run=/usr/bin/python3`. */
  readonly flags: readonly string[];

  /** Makes the error. */
  constructor(message: string, details: PermissionDeniedErrorDetails) {
    super("permission_denied", message, details);
    this.missing = details.missing;
    this.flags = details.flags;
  }
}

/** How far a start had come when it failed: admission to a manager's memory comes first. `"bounds"` says that what the plugin is held to cannot be kept here. */
export type StartPhase = "admission" | "environment" | "bounds" | "spawn" | "handshake" | "load";

/** How a worker process ended, as far as it has. */
export interface ExitDetails extends PluginErrorDetails {
  /** The exit code, `null` when the process was killed by a signal or is still there. */
  readonly exitCode?: number | null;
  /** The signal that ended the process. */
  readonly signal?: string | null;
  /** The last lines that the worker printed. */
  readonly output?: string;
}

/** The worker could not be started, or its plugin could not be loaded. A load's own exception is the `cause`. */
export class WorkerStartError extends PluginError {
  /** How far the start had come. */
  readonly phase: StartPhase;
  /** The exit code, `null` when the process was killed by a signal or did not end by itself. */
  readonly exitCode: number | null;
  /** The signal that ended the process. */
  readonly signal: string | null;
  /** The last lines that the worker printed. */
  readonly output: string;

  /** Makes the error. */
  constructor(message: string, details: ExitDetails & { readonly phase: StartPhase }) {
    super("worker_start_failed", message, details);
    this.phase = details.phase;
    this.exitCode = details.exitCode ?? null;
    this.signal = details.signal ?? null;
    this.output = details.output ?? "";
  }
}

/** What a {@linkcode WorkerExitError} tells besides its message. */
export interface WorkerExitErrorDetails extends ExitDetails {
  /** Whether the process ended for want of memory. Default: false. */
  readonly outOfMemory?: boolean;
  /** The calls that were open at that moment. Default: none. */
  readonly calls?: readonly string[];
}

/** The worker process ended while it was needed. The `cause` is what ended it, where somebody said so. */
export class WorkerExitError extends PluginError {
  /** The exit code, `null` when the process was killed by a signal. */
  readonly exitCode: number | null;
  /** The signal that ended the process, for example `"SIGKILL"`. */
  readonly signal: string | null;
  /** The last lines that the worker printed. */
  readonly output: string;
  /** Whether the process ended for want of memory, as far as the system or the runtime tells. */
  readonly outOfMemory: boolean;
  /** The calls that were open at that moment, for example `["execute"]`. */
  readonly calls: readonly string[];

  /** Makes the error. */
  constructor(message: string, details: WorkerExitErrorDetails) {
    super("worker_exited", message, details);
    this.exitCode = details.exitCode ?? null;
    this.signal = details.signal ?? null;
    this.output = details.output ?? "";
    this.outOfMemory = details.outOfMemory ?? false;
    this.calls = details.calls ?? [];
  }
}

/** A member was used at a time at which it cannot work, for example after `cleanup()`. */
export class PluginStateError extends PluginError {
  /** Makes the error. */
  constructor(message: string, details: PluginErrorDetails) {
    super("invalid_state", message, details);
  }
}

/** What a {@linkcode SignatureMismatchError} is made of. */
export interface SignatureMismatchErrorDetails extends PluginErrorDetails {
  /** What has changed, each in words. */
  readonly changes: readonly string[];
  /** The command that makes the types anew. */
  readonly command: string;
}

/** A plugin does not take or give what the types of a generated client say. */
export class SignatureMismatchError extends PluginError {
  /** What has changed since the types were made, for example `the argument "audio" of "execute" was string, and is a path`. */
  readonly changes: readonly string[];
  /** The command that makes the types anew. */
  readonly command: string;

  /** Makes the error. */
  constructor(details: SignatureMismatchErrorDetails) {
    const { plugin, changes, command } = details;
    const more = changes.length > MAX_CHANGES_SHOWN ? [`and ${changes.length - MAX_CHANGES_SHOWN} more`] : [];
    const shown = [...changes.slice(0, MAX_CHANGES_SHOWN), ...more].join("; ");
    super("signature_mismatch", `The types of "${plugin}" are out of date: ${shown}. Make them anew: ${command}`, details);
    this.changes = changes;
    this.command = command;
  }
}

/** How many changes a message tells. */
const MAX_CHANGES_SHOWN = 5;

/**
 * One call failed. Arguments that cannot be sent have the code `invalid_arguments`, those whose files find no place `no_room`, a stream or another source
 * that fails while it is read, such as an upload whose client has left, `input_failed`, with that error as the `cause`. A missing method has `not_supported`.
 */
export class CallError extends PluginError {}

/** What a {@linkcode RemoteError} tells besides its message. */
export interface RemoteErrorDetails extends PluginErrorDetails {
  /** The class of the remote exception, for example `"ValueError"`. */
  readonly remoteType: string;
  /** The exception's own message. */
  readonly remoteMessage: string;
  /** The Python traceback or the TypeScript stack. */
  readonly traceback: string;
  /** What kind of failure the worker takes it for. */
  readonly category?: string;
  /** Whether the worker says that the same call may succeed later. */
  readonly retriable?: boolean;
}

/** Plugin code raised. */
export class RemoteError extends CallError {
  /** The class of the remote exception, for example `"ValueError"`. */
  readonly remoteType: string;
  /** The exception's own message. */
  readonly remoteMessage: string;
  /** The Python traceback or the TypeScript stack; empty when the worker gave none. */
  readonly traceback: string;
  /** `"user_input"`, `"transient"`, `"resource"` or `"fatal"`, as the worker classified it. */
  readonly category: string | undefined;
  /** Whether the worker says that the same call may succeed later. */
  readonly retriable: boolean;

  /** Makes the error. */
  constructor(message: string, details: RemoteErrorDetails) {
    super("remote_error", message, details);
    this.remoteType = details.remoteType;
    this.remoteMessage = details.remoteMessage;
    this.traceback = details.traceback;
    this.category = details.category;
    this.retriable = details.retriable ?? false;
  }
}

/** What a {@linkcode CallTimeoutError} tells besides its message. */
export interface CallTimeoutErrorDetails extends PluginErrorDetails {
  /** The limit that was passed, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether it was the limit on silence. Default: false. */
  readonly idle?: boolean;
}

/** A call took longer than its `timeoutMs`, or gave no sign of life for its `idleTimeoutMs`; the worker was told to stop it. */
export class CallTimeoutError extends CallError {
  /** The limit that was passed, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether it was the limit on silence, `idleTimeoutMs`. */
  readonly idle: boolean;

  /** Makes the error. */
  constructor(message: string, details: CallTimeoutErrorDetails) {
    super("timeout", message, details);
    this.timeoutMs = details.timeoutMs;
    this.idle = details.idle ?? false;
  }
}

/** The call was cancelled by something else than its own signal, for example by `cancel()`. */
export class CallCancelledError extends CallError {
  /** Makes the error. */
  constructor(message: string, details: PluginErrorDetails) {
    super("cancelled", message, details);
  }
}

/**
 * Whether an operation ended because somebody on the host's side did not want it any more, and not because it failed.
 *
 * @param error What it rejected with.
 * @param signal By which its caller could abort it.
 */
export function wasCancelled(error: unknown, signal: AbortSignal | undefined): boolean {
  return error instanceof CallCancelledError || (signal?.aborted === true && error === signal.reason);
}

/** The worker said something that the protocol does not allow, or ended a reply too early. */
export class ProtocolError extends CallError {
  /** Makes the error. */
  constructor(message: string, details: PluginErrorDetails) {
    super("protocol_violation", message, details);
  }
}
