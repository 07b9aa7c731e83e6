/**
 * The types of what host and worker say to each other. They are for those who write a worker, a transport or a tool.
 * `docs/protocol.md` tells what they mean.
 *
 * @module
 */
export { PROTOCOL_VERSION } from "./version.ts";
export { ENDPOINTS, EXTENSIONS } from "./endpoints.ts";
export type * from "./endpoints.ts";
export type { BatchLimits } from "./batch.ts";
export type { Address, TcpAddress, UnixAddress } from "./address.ts";
export type { Exchange, FilesWay, WireRequest } from "./exchange.ts";
export type { LogBody } from "./log_body.ts";
export type { CallbackFrame, ChunkFrame, ErrorFrame, Frame, LogFrame, ProgressFrame, ResultFrame, ValueTypes } from "./frames.ts";
export type { CallbackBody, FunctionReference } from "./functions.ts";
export type { CallbackAnswer, FunctionError } from "./callback_answer.ts";
export type { FileValue } from "./file_values.ts";
export type { ElementArrays, ElementName, NdArray, NpyLayout, TypedArray } from "./npy.ts";
export type { LongInteger } from "./exact_integers.ts";
export type { OutgoingPart, PartLabel } from "./parts.ts";
export type { TraceContext } from "./telemetry.ts";
export type * from "./messages.ts";
