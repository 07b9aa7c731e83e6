/**
 * The span around the plugin's code, where its process has OpenTelemetry on and the call is part of a trace.
 *
 * @module
 */
import { inTrace, markFailed, registeredTelemetry, RPC_SYSTEM, SCOPE, SPAN_KIND, type Tracer } from "../../protocol/telemetry.ts";
import type { Cancellation } from "./cancelling.ts";
import type { CallOrder } from "./plugin_runner.ts";

/** Whose code a call runs, and what tells that its caller does not want it any more. */
interface SpanFacts {
  readonly plugin: string;
  readonly cancellation: Cancellation;
  /** How many calls run together, where they do. */
  readonly batchSize?: number;
}

/** Runs a call's code. Within it that span is active, so that the plugin's own are below it. */
export function inSpan<Result>(order: CallOrder, facts: SpanFacts, code: () => Promise<Result>): Promise<Result> {
  const tracer = order.trace && registeredTelemetry()?.trace?.getTracer(...SCOPE);
  return tracer === undefined ? code() : inTrace(order.trace, () => withSpan(order, { ...facts, tracer }, code));
}

function withSpan<Result>(
  order: CallOrder,
  { plugin, cancellation, batchSize, tracer }: SpanFacts & { readonly tracer: Tracer },
  code: () => Promise<Result>,
): Promise<Result> {
  const method = `${plugin}/${order.endpoint}`;
  const size: Record<string, number> = batchSize === undefined ? {} : { "remote_plugin.batch.size": batchSize };
  const attributes = { "rpc.system.name": RPC_SYSTEM, "rpc.method": method, "remote_plugin.call.id": order.callId, ...size };
  return tracer.startActiveSpan(method, { kind: SPAN_KIND.server, attributes }, async (span) => {
    try {
      return await code();
    } catch (thrown) {
      // Whatever a cancelled call throws, it has not failed.
      if (!cancellation.isRequested) markFailed(span, thrown);
      throw thrown;
    } finally {
      span.end();
    }
  });
}
