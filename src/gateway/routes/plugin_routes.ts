/**
 * The plugins: which there are, and the wire of `docs/protocol.md` for each of them.
 *
 * @module
 */
import { Hono } from "hono";
import type { ManagerStats } from "../../manager/info.ts";
import type { PluginManager } from "../../manager/plugin_manager.ts";
import { answerCall } from "../call.ts";
import type { Asked, GatewayContext, GatewayEnv } from "../context.ts";
import { unknownPlugin } from "../reply/refusal.ts";
import { readRequest } from "../request/request.ts";
import { toldInfo, toldStats } from "./told_plugins.ts";

/** The routes below the names of plugins, and those that tell of all. */
export function pluginRoutes(context: GatewayContext): Hono<GatewayEnv> {
  const { manager } = context;
  const stats = sharedStats(manager);
  const app = new Hono<GatewayEnv>();
  app.get("/", (asked) => Response.json(manager.list().map((info) => toldInfo(info, asked.get("role")))));
  app.get("/stats", async (asked) => {
    const { plugins, total } = await stats();
    return Response.json({ plugins: plugins.map((plugin) => toldStats(plugin, asked.get("role"))), total });
  });
  app.get("/:plugin", async (asked) => {
    const plugin = asked.req.param("plugin");
    try {
      const info = toldInfo(manager.info(plugin), asked.get("role"));
      return Response.json({ ...info, signatures: await manager.runningSignatures(plugin) });
    } catch (error) {
      return unknownPlugin(error);
    }
  });
  const answer = async (asked: Asked): Promise<Response> => {
    const request = await readRequest(asked, context);
    return request instanceof Response ? request : await answerCall(context, request, asked);
  };
  app.all("/:plugin/:endpoint", answer);
  app.all("/:plugin/:endpoint{(?:call|stream)}/:method", answer);
  return app;
}

/** Asks workers and system once for all who ask at the same time. */
function sharedStats(manager: PluginManager): () => Promise<ManagerStats> {
  let asking: Promise<ManagerStats> | undefined;
  return () => asking ??= manager.getStats().finally(() => asking = undefined);
}
