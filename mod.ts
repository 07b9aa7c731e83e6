/**
 * Calls code in another process as if it were local.
 *
 * A plugin runs in a Python environment of its own, or in a Deno process with the permissions that you allow. It runs in a worker that ends with your program.
 *
 * @example
 * ```ts no-eval
 * import { RemotePluginProxy } from "@remote-plugin/proxy";
 *
 * await using plugin = await RemotePluginProxy.start("./whisper.json");
 * console.log(await plugin.execute({ audio: "/tmp/talk.wav" }));
 * ```
 *
 * Start with {@linkcode RemotePluginProxy}, or with {@linkcode RemotePluginProxySync} in a script. {@linkcode Manifest} says what a plugin is,
 * {@linkcode PluginError} is the root of all errors, and {@linkcode FileResult} is what a plugin gives as bytes.
 *
 * Other entries have what not every host needs: `/manager` many plugins, `/gateway` plugins over HTTP, `/worker` plugins in TypeScript,
 * `/testing` workers for tests, `/arrow` tables, `/protocol` the wire, and `/cli` the program `remote-plugin`.
 *
 * @module
 */
export { RemotePluginProxy } from "./src/plugin/proxy.ts";
export { RemotePluginProxySync } from "./src/plugin/proxy_sync.ts";
export type { PluginInterface } from "./src/plugin/members.ts";
export type {
  AttachOptions,
  CallOptions,
  Kwargs,
  OperationOptions,
  PluginConfig,
  Progress,
  RestartEvent,
  StartOptions,
  WorkerEndpoint,
} from "./src/plugin/interface.ts";
export type { SyncStartOptions } from "./src/plugin/proxy_sync.ts";
export type { SyncCallOptions, SyncOperationOptions } from "./src/plugin/blocking_plugin.ts";
export { assertSignatures } from "./src/plugin/signatures.ts";
export type { ExpectedSignatures } from "./src/plugin/signatures.ts";
export type { BatchSettings, InlineEnvironment, Manifest } from "./src/manifest/manifest.ts";
export type { EnvironmentPhase, EnvironmentStep } from "./src/environments/environment.ts";
export type { TraceContext } from "./src/protocol/telemetry.ts";
export type { ManifestSource } from "./src/manifest/load.ts";
export { requiredPermissions } from "./src/permissions/required.ts";
export type { HostNeeds, RequiredPermissions, RequiredPermissionsOptions } from "./src/permissions/required.ts";
export type { PermissionPolicy } from "./src/permissions/grant.ts";
export type { PermissionUse } from "./src/process/permission_audit.ts";
export type { BoundsLevel } from "./src/permissions/worker_grant.ts";
export { bytesFile, imageFile, npyFile, wavFile } from "./src/payload/ready_made.ts";
export { FileMapping } from "./src/payload/file_mapping.ts";
export { FileResult } from "./src/payload/file_result.ts";
export { FileResultSync } from "./src/payload/file_result_sync.ts";
export type { BytesOptions } from "./src/payload/file_result.ts";
export type { FileInput } from "./src/payload/call_files.ts";
export type { WavFormat } from "./src/payload/wav.ts";
export type { FileBackedDTO } from "./src/protocol/file_values.ts";
export type { Launcher, LauncherData, QueuedEvent, WorkerAddress, WorkerPlacement } from "./src/process/launcher.ts";
export type { WorkerExit } from "./src/process/running_child.ts";
export type { LogLevel, LogRecord } from "./src/process/output_log.ts";
export {
  CallCancelledError,
  CallError,
  CallTimeoutError,
  ManifestError,
  PermissionDeniedError,
  PluginError,
  PluginStateError,
  ProtocolError,
  RemoteError,
  SignatureMismatchError,
  WorkerExitError,
  WorkerStartError,
} from "./src/errors.ts";
export type { PluginErrorCode, StartPhase } from "./src/errors.ts";
