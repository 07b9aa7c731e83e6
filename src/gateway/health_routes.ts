/**
 * What a load balancer asks: whether the gateway is there. It is told nothing else, and needs no token.
 *
 * @module
 */
import { Hono } from "hono";
import type { GatewayEnv } from "./context.ts";

/** `GET /health`. */
export function healthRoutes(): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  app.get("/health", () => Response.json({ status: "ok" }, { headers: NOT_KEPT }));
  return app;
}

/** An answer from a cache says nothing of now. */
const NOT_KEPT = { "cache-control": "no-store" };
