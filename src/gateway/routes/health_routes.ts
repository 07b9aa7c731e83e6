/**
 * What a load balancer asks: whether the gateway is there, and whether it takes calls. It is told nothing else, and needs no token.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { Hono } from "hono";
import type { GatewayContext, GatewayEnv } from "../context.ts";

/** An answer from a cache says nothing of now. */
const NOT_KEPT = { "cache-control": "no-store" };

/** `GET /health`, and `GET /ready`, which is refused while the gateway drains. */
export function healthRoutes({ options: { draining } }: GatewayContext): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  app.get("/health", () => Response.json({ status: "ok" }, { headers: NOT_KEPT }));
  app.get("/ready", () => {
    if (!draining?.aborted) return Response.json({ status: "ready" }, { headers: NOT_KEPT });
    return Response.json({ status: "draining" }, { status: STATUS_CODE.ServiceUnavailable, headers: NOT_KEPT });
  });
  return app;
}
