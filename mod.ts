/**
 * Calls code that lives elsewhere as if it were local: a plugin in a Python environment of its own, or in a Deno process with narrow
 * permissions, each in an isolated worker that leaves nothing behind.
 *
 * @example
 * ```ts no-eval
 * import { RemotePluginProxy } from "@remote-plugin/proxy";
 *
 * await using plugin = await RemotePluginProxy.start("./whisper.json");
 * console.log(await plugin.execute({ audio: "/tmp/talk.wav" }));
 * ```
 *
 * @module
 */
export { RemotePluginProxy } from "./src/plugin/proxy.ts";
export type { StartOptions } from "./src/plugin/proxy.ts";
export { RemotePluginProxySync } from "./src/plugin/proxy_sync.ts";
export type { SyncCallOptions, SyncOperationOptions, SyncStartOptions, SyncWorkerEndpoint } from "./src/plugin/proxy_sync.ts";
export type { AttachOptions, WireOptions, WorkerEndpoint } from "./src/plugin/start_worker.ts";
export type {
  CallOptions,
  Kwargs,
  OperationOptions,
  PluginConfig,
  PluginInterface,
  Progress,
  RestartEvent,
} from "./src/plugin/interface.ts";
export { assertSignatures } from "./src/plugin/signatures.ts";
export type { ExpectedSignatures, PluginSchemas } from "./src/plugin/signatures.ts";
export type { JsonSchema } from "./src/plugin/type_schema.ts";
export { bytesFile, imageFile, npyFile, wavFile } from "./src/payload/ready_made.ts";
export type { WavFormat } from "./src/payload/wav.ts";
export { FileMapping } from "./src/payload/file_mapping.ts";
export { FileResult } from "./src/payload/file_result.ts";
export { FileResultSync } from "./src/payload/file_result_sync.ts";
export type { FileAccess, FileResultSyncFacts } from "./src/payload/file_result_sync.ts";
export type { BytesOptions, FileResultFacts, FileSource } from "./src/payload/file_result.ts";
export type { ScratchFolders } from "./src/payload/scratch.ts";
export type { FileInput } from "./src/payload/call_files.ts";
export type { FileBackedDTO, FileValue } from "./src/protocol/file_values.ts";
export type { ElementArrays, ElementName, NdArray, NpyLayout, TypedArray } from "./src/protocol/npy.ts";
export type { HttpEndpoint } from "./src/transport/http.ts";
export type { LaunchOptions, WorkerExit } from "./src/process/worker_process.ts";
export type { LogLevel, LogRecord } from "./src/process/output_log.ts";
export { PluginManager } from "./src/manager/plugin_manager.ts";
export type { ManifestProblem, UnloadOptions } from "./src/manager/plugin_manager.ts";
export type { ManagerOptions, MemoryBudget, PluginSettings, Replicas } from "./src/manager/options.ts";
export type { ManagerEvent, PluginEvent, StopReason } from "./src/manager/events.ts";
export type { CallStats, LatencyPercentiles, ManagerStats, PluginInfo, PluginState, PluginStats, WorkerStats } from "./src/manager/info.ts";
export { requiredPermissions } from "./src/permissions/required.ts";
export type { RequiredPermissions, RequiredPermissionsOptions, WorkerPlaces } from "./src/permissions/required.ts";
export type { PermissionPolicy } from "./src/permissions/grant.ts";
export { cjmManifestFolders, discoverManifests } from "./src/manifest/discover.ts";
export type { FoundManifest, FoundManifests } from "./src/manifest/discover.ts";
export type {
  DenoRuntime,
  Manifest,
  PluginResources,
  PluginSpec,
  PythonRuntime,
  RestartMode,
  RestartPolicy,
  RestartSettings,
  WorkerVariable,
} from "./src/manifest/manifest.ts";
export type { ManifestSource } from "./src/manifest/load.ts";
export type { Endpoint, ExtensionEndpoint } from "./src/protocol/endpoints.ts";
export type {
  ErrorBody,
  ErrorCode,
  MethodSignature,
  PermissionSet,
  ProgressBody,
  SignaturesBody,
  StatsBody,
} from "./src/protocol/messages.ts";
export type { Exchange, WireRequest } from "./src/protocol/exchange.ts";
export type { TraceContext } from "./src/protocol/telemetry.ts";
export type { LongInteger } from "./src/protocol/exact_integers.ts";
export type { ChunkFrame, ErrorFrame, Frame, ProgressFrame, ResultFrame, ValueTypes } from "./src/protocol/frames.ts";
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
export type {
  CallTimeoutErrorDetails,
  ExitDetails,
  ManifestErrorDetails,
  PermissionDeniedErrorDetails,
  PluginErrorCode,
  PluginErrorDetails,
  RemoteErrorDetails,
  SignatureMismatchErrorDetails,
  StartPhase,
  WorkerExitErrorDetails,
} from "./src/errors.ts";
