/**
 * The access log: a line of JSON for each call that has ended.
 *
 * @module
 */
import type { CallObserver, CallOutcome, ObservedCall } from "./observer.ts";

/** A line of the access log. What is not known, or has not happened, is left out. */
export interface AccessLogLine {
  /** When the call ended, ISO 8601. */
  readonly time: string;
  /** The plugin's name. */
  readonly plugin: string;
  /** The version that was called. */
  readonly version: string;
  /** The endpoint, such as `execute`. */
  readonly endpoint: string;
  /** The status of the response. */
  readonly status: number;
  /** The code of the error that the client got. */
  readonly error_code?: string;
  /** How long the call took, in milliseconds. */
  readonly duration_ms: number;
  /** The bytes of the request's body. */
  readonly bytes_in: number;
  /** The bytes of the response's body. */
  readonly bytes_out: number;
  /** How many items a stream has given. */
  readonly chunks: number;
  /** Who asked. */
  readonly client: string;
  /** The address from which it came, which is a proxy's where there is one. */
  readonly remote?: string;
  /** The id that the client had chosen. */
  readonly call_id?: string;
  /** The trace of which the call was a part, 32 hexadecimal digits. */
  readonly trace_id?: string;
  /** The client's span in that trace, 16 hexadecimal digits. */
  readonly span_id?: string;
}

/**
 * An observer that writes a line for each call that has ended: an {@linkcode AccessLogLine} as JSON, without arguments, results and tokens.
 *
 * @param write gets each line, without a line feed
 *
 * @example
 * ```ts no-eval
 * import { accessLog, createGateway } from "@remote-plugin/proxy/gateway";
 * import { PluginManager } from "@remote-plugin/proxy/manager";
 *
 * await using manager = await PluginManager.create({ folders: ["./plugins"] });
 * const token = Deno.env.get("TOKEN")!;
 * Deno.serve(createGateway(manager, { token, observers: [accessLog(console.log)] }));
 * ```
 */
export function accessLog(write: (line: string) => void): CallObserver {
  return { opened: () => {}, ended: (call, outcome) => write(JSON.stringify(lineOf(call, outcome))) };
}

function lineOf(call: ObservedCall, outcome: CallOutcome): AccessLogLine {
  return {
    time: new Date().toISOString(),
    plugin: call.plugin,
    version: call.version,
    endpoint: call.endpoint,
    status: outcome.status,
    error_code: outcome.code,
    // Shorter times than a microsecond are noise.
    duration_ms: Number(outcome.durationMs.toFixed(3)),
    bytes_in: outcome.bytesIn,
    bytes_out: outcome.bytesOut,
    chunks: outcome.chunks,
    client: call.client,
    remote: call.remote,
    call_id: call.callId,
    ...traceIds(call.traceparent),
  };
}

/** Version, trace, span and flags, as W3C Trace Context has them. Ids of zeros alone are none. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-|$)/;

/** The ids of a trace by which logs are found, under the names that OpenTelemetry has for them. */
function traceIds(traceparent: string | undefined): Pick<AccessLogLine, "trace_id" | "span_id"> {
  const [, trace_id, span_id] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  return { trace_id, span_id };
}
