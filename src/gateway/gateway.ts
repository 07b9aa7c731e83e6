/**
 * The plugins of a manager over HTTP: the wire of `docs/protocol.md`, with the plugin's name before the endpoint.
 *
 * @module
 */
import type { PluginManager } from "../manager/plugin_manager.ts";
import { CallFeed } from "./observing/call_feed.ts";
import { ASK_AFTER_MS } from "./request/client_gone.ts";
import { leavePlace } from "./access/tokens.ts";
import type { GatewayEnv, GatewayRequestInfo } from "./context.ts";
import { GatewayMetrics } from "./observing/metrics.ts";
import { OpenCalls } from "./open_calls.ts";
import { type GatewayOptions, resolveOptions } from "./options.ts";
import { Patience } from "./request/patience.ts";
import { routesOf } from "./routes/routes.ts";
import { uploadPlace } from "./request/uploads.ts";

/** Answers requests. Give it to `Deno.serve()`, or to a framework that has standard requests and responses. */
export type GatewayHandler = (request: Request, info?: GatewayRequestInfo) => Promise<Response>;

/**
 * Makes a manager's plugins reachable over HTTP. `RemotePluginProxy.attach({ url, token })` in another program calls one of them, its URL being that of
 * the server with the plugin's name behind it. The manager stays its owner's, who disposes of it when the server has ended.
 *
 * Whoever holds the token calls plugins. It takes the operator's token to configure them, to end them, and to cancel the calls of others.
 *
 * @example
 * ```ts no-eval
 * import { createGateway } from "@remote-plugin/proxy/gateway";
 * import { PluginManager } from "@remote-plugin/proxy/manager";
 *
 * await using manager = await PluginManager.create({ folders: ["./plugins"] });
 * await using server = Deno.serve({ port: 8000 }, createGateway(manager, { token: Deno.env.get("TOKEN")! }));
 * await server.finished;
 * ```
 */
export function createGateway(manager: PluginManager, options: GatewayOptions): GatewayHandler {
  const metrics = new GatewayMetrics(manager);
  const callFeed = new CallFeed();
  const observers = [metrics, callFeed, ...options.observers ?? []];
  const resolved = resolveOptions(options);
  const { bodyMs, replyMs, fileBytes } = resolved.limits;
  const patience = { body: new Patience(bodyMs), reply: new Patience(replyMs), client: new Patience(ASK_AFTER_MS) };
  const uploads = uploadPlace(options.scratchDir, fileBytes);
  const routes = routesOf({ manager, calls: new OpenCalls(), options: resolved, uploads, patience, metrics, callFeed, observers });
  return async (request, info) => {
    const bindings: GatewayEnv["Bindings"] = { info };
    try {
      const response = await routes.fetch(request, bindings);
      metrics.answered(response);
      return response;
    } finally {
      leavePlace(bindings);
    }
  };
}
