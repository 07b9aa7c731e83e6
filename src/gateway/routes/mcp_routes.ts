/**
 * The plugins as MCP tools, at `/mcp`.
 *
 * @module
 */
import { Hono } from "hono";
import { RemoteError } from "../../errors.ts";
import type { CallWatch, WatchedCall } from "../../mcp/call_watch.ts";
import { followed } from "../../mcp/followed_reply.ts";
import type { McpEndpoint } from "../../mcp/http.ts";
import { ToolArgumentsError } from "../../mcp/tool_arguments.ts";
import { activeTrace, traceFrom } from "../../protocol/telemetry.ts";
import { readText } from "../request/body.ts";
import { streamLeft } from "../request/client_gone.ts";
import { type GatewayContext, type GatewayEnv, placeOf } from "../context.ts";
import { CallReport } from "../observing/observer.ts";
import { versionOf } from "../operations.ts";
import type { Place } from "../access/places.ts";
import { codeOf, errorBody } from "../reply/told_errors.ts";

/** The route of MCP. Its library is loaded by the first request. */
export function mcpRoutes(context: GatewayContext): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  let endpoint: Promise<McpEndpoint> | undefined;
  app.all("/mcp", async (asked) => {
    const read = await readText(asked, context);
    if (read instanceof Response) return read;
    endpoint ??= load(context);
    const request = { client: asked.get("client"), text: read.text, signal: streamLeft(asked) };
    return keepingPlace(await (await endpoint).answer(asked.req.raw, request), placeOf(asked));
  });
  return app;
}

async function load(context: GatewayContext): Promise<McpEndpoint> {
  const { McpEndpoint } = await import("../../mcp/http.ts");
  const { draining, exposeTracebacks: withTraceback } = context.options;
  return new McpEndpoint(context.manager, {
    draining,
    // The message of what a plugin raises is its own, and has no traceback.
    describe: (error) => error instanceof RemoteError ? error.message : errorBody(error, { withTraceback }).message,
    watch: (call) => watchOf(context, call),
  });
}

/** A reply that comes as a stream takes its place until it has ended. */
function keepingPlace(response: Response, place: Place): Response {
  place.isKept = true;
  return followed(response, { onEnd: () => place.leave() });
}

/** Treats a call of a tool as any other: it is counted, told to observers, and can be cancelled. */
function watchOf({ manager, calls, observers }: GatewayContext, { plugin, endpoint, client = "", request }: WatchedCall): CallWatch {
  const headers = request?.headers ?? new Headers();
  // Only a call id that is taken keeps a call from being opened, and this one has none.
  const { name, version } = manager.info(plugin);
  const open = calls.open({ client, plugin: versionOf({ name, version }), endpoint, callId: undefined })!;
  const traceparent = (activeTrace() ?? traceFrom((name) => headers.get(name) ?? undefined))?.traceparent;
  const observed = { plugin: name, version, endpoint, callId: undefined, client, traceparent, startedAt: new Date() };
  const report = new CallReport(observed, observers, { bytesIn: Number(headers.get("content-length") ?? 0) });
  return {
    signal: open.signal,
    chunk: () => report.chunk(),
    end: ({ error, bytes }) => {
      open.end();
      report.sent(bytes);
      if (error !== undefined) report.failed(error instanceof ToolArgumentsError ? "invalid_arguments" : codeOf(error));
      report.end();
    },
  };
}
