/**
 * What runs a plugin's code: in this thread, or in one of its own.
 *
 * @module
 */
import type { FilesWay } from "../../protocol/exchange.ts";
import type { CallEndpoint, Endpoint } from "../../protocol/endpoints.ts";
import type { ErrorBody, ReadyBody } from "../../protocol/messages.ts";
import type { TraceContext } from "../../protocol/telemetry.ts";
import type { CallSink } from "./call_sink.ts";
import type { Cancellation } from "./cancelling.ts";
import type { FrameLine } from "./frame_line.ts";
import type { StandIns } from "./stand_ins.ts";

/** The endpoints that ask the plugin something without a turn. */
export type QuestionEndpoint = Extract<Endpoint, "config" | "config_schema" | "signatures">;

/** One call, ready to run. */
export interface CallOrder {
  readonly endpoint: CallEndpoint;
  /** The request's body, decoded. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The same as it came: text, which passes between threads at a fraction of what an object costs. */
  readonly text?: string;
  /** The functions in the body; left out where there are none. */
  readonly functions?: StandIns;
  readonly callId: string;
  /** How files in results may go to the host; `undefined` when they go inside the JSON. */
  readonly files: FilesWay | undefined;
  /** Whether what the call prints is wanted. Default: no. */
  readonly wantsLogs?: boolean;
  /** The trace of which the call is a part. */
  readonly trace?: TraceContext;
}

/** A call that is to run with others. */
export interface GatheredCall {
  readonly order: CallOrder;
  readonly sink: CallSink;
  readonly cancellation: Cancellation;
}

/** How far the plugin has come. `failure` says why it cannot run. */
export interface PluginState {
  readonly status: "loading" | "running" | "failed";
  readonly ready?: ReadyBody;
  readonly failure?: ErrorBody;
}

/** Loads one plugin and runs its code. */
export interface PluginRunner {
  /** How far the plugin has come by now. */
  readonly state: PluginState;
  /** Resolves when the plugin is no longer loading. Never rejects. */
  readonly settled: Promise<void>;
  /**
   * Runs a call and resolves with its last frame when the plugin's code has come to rest. Never rejects. When the call is cancelled,
   * the plugin is asked to stop.
   */
  run(order: CallOrder, sink: CallSink, cancellation: Cancellation): Promise<FrameLine>;
  /** Runs calls together, and gives the last frame of each as {@linkcode run} does. The plugin is asked to stop when all of them are cancelled. */
  runTogether(calls: readonly GatheredCall[]): readonly Promise<FrameLine>[];
  /** Asks the plugin something. Never rejects. */
  ask(endpoint: QuestionEndpoint): Promise<FrameLine>;
}
