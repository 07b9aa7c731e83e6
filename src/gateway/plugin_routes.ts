/**
 * The plugins: which there are, and the wire of `docs/protocol.md` for each of them.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { Hono } from "hono";
import { messageOf } from "../protocol/text.ts";
import { answerCall } from "./call.ts";
import type { GatewayContext, GatewayEnv } from "./context.ts";
import { refusal } from "./refusal.ts";
import { readRequest } from "./request.ts";

/** The routes below the names of plugins, and those that tell of all. */
export function pluginRoutes(context: GatewayContext): Hono<GatewayEnv> {
  const { manager } = context;
  const app = new Hono<GatewayEnv>();
  app.get("/", () => Response.json(manager.list()));
  app.get("/stats", async () => Response.json(await manager.getStats()));
  app.get("/:plugin", ({ req }) => {
    try {
      return Response.json(manager.info(req.param("plugin")));
    } catch (error) {
      return refusal(STATUS_CODE.NotFound, messageOf(error), { code: "unknown_plugin" });
    }
  });
  app.all("/:plugin/:endpoint", async (asked) => {
    const request = await readRequest(asked, context);
    return request instanceof Response ? request : await answerCall(context, request, asked);
  });
  return app;
}
