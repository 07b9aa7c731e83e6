/**
 * How a gateway comes to its end: it goes on with what it has, and takes nothing more.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import { STATUS_CODE } from "@std/http/status";
import type { GatewayEnv } from "./context.ts";
import type { ResolvedGatewayOptions } from "./options.ts";
import { refusal } from "./refusal.ts";

const HEADERS = { connection: "close", "retry-after": "1" };

/** Refuses requests once the gateway is to end. */
export function openOnly({ draining }: ResolvedGatewayOptions): MiddlewareHandler<GatewayEnv> {
  return async (_asked, next) => {
    if (!draining?.aborted) return await next();
    return refusal(STATUS_CODE.ServiceUnavailable, "The gateway is about to end. Send it again later", {
      code: "draining",
      headers: HEADERS,
    });
  };
}
