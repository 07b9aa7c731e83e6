/**
 * What a blocking proxy and its thread say to each other.
 *
 * @module
 */
import type { WorkerAddress } from "../process/launcher.ts";
import type { WorkerExit } from "../process/running_child.ts";
import type { WorkerPlacement } from "../process/worker_placement.ts";
import type { PermissionSet } from "../protocol/messages.ts";
import type { TraceContext } from "../protocol/telemetry.ts";
import type { StartRequest } from "./blocking_start.ts";
import type { CallOptions, WorkerEndpoint } from "./interface.ts";
import type { MemberOperation } from "./members.ts";
import type { SentBody } from "./sent_values.ts";

/** What a blocking proxy asks of its thread. */
export type BlockingRequest =
  | StartRequest
  | { readonly kind: "attach"; readonly endpoint: WorkerEndpoint }
  | { readonly kind: "call"; readonly operation: MemberOperation; readonly call: CallFacts }
  | { readonly kind: "take"; readonly stream: number; readonly operation: MemberOperation; readonly body: SentBody }
  | PullRequest
  | { readonly kind: "close"; readonly stream: number; readonly unread: readonly number[] }
  | { readonly kind: "file"; readonly file: number; readonly member: FileMember }
  | { readonly kind: "logs" }
  | { readonly kind: "uses" }
  | { readonly kind: "look" };

/** What is wanted of a file that a plugin gave. */
export type FileMember = "path" | "location" | "bytes" | "remove";

/** Asks for more of a stream, the first time for the stream itself: what a call yields, or the bytes of a file. */
export interface PullRequest {
  readonly kind: "pull";
  readonly stream: number;
  readonly open: StreamFacts | { readonly file: number } | undefined;
}

/** One call, as it passes between the threads. */
export interface CallFacts {
  readonly body: SentBody;
  /** The options of the call that are data. */
  readonly options: CallOptions;
  /** Whether somebody listens to progress. */
  readonly reports: boolean;
  /** What is active in the thread that calls. */
  readonly trace?: TraceContext;
}

/** The same of a call that yields, with what it asks for. */
export interface StreamFacts extends CallFacts {
  readonly operation: MemberOperation;
}

/** What a started proxy is. */
export interface PluginFacts {
  readonly name: string;
  readonly version: string;
  readonly pid: number | undefined;
  readonly permissions: PermissionSet | undefined;
  readonly endpoint: WorkerAddress | undefined;
  readonly placement: WorkerPlacement | undefined;
  readonly warnings: readonly string[];
  readonly maxConcurrency: number;
  /** How the last worker ended, once none follows. */
  readonly exit: WorkerExit | undefined;
}
