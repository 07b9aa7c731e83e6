/**
 * What Prometheus asks.
 *
 * @module
 */
import { Hono } from "hono";
import { wantsToken } from "../access/tokens.ts";
import type { GatewayContext, GatewayEnv } from "../context.ts";
import { guarded } from "../access/guard.ts";

/** `GET /metrics`, for those who hold any token. That of the metrics opens nothing else. */
export function metricsRoutes({ metrics, options }: GatewayContext): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  const readers = { ...options, callers: [...options.callers, ...options.metricsReaders] };
  app.get("/metrics", guarded(wantsToken(readers)), async () => {
    return new Response(await metrics.text(), { headers: { "content-type": metrics.contentType, "cache-control": "no-store" } });
  });
  return app;
}
