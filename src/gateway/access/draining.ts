/**
 * How a gateway comes to its end: it goes on with what it has, and takes nothing more.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import type { Guard } from "./guard.ts";
import type { ResolvedGatewayOptions } from "../options.ts";
import { refusal } from "../reply/refusal.ts";

const HEADERS = { connection: "close", "retry-after": "1" };

/** Refuses requests once the gateway is to end, but for those that the open calls wait for. */
export function openOnly({ draining }: ResolvedGatewayOptions): Guard {
  return ({ req }) => {
    if (!draining?.aborted || req.path.endsWith("/callback")) return undefined;
    return refusal(STATUS_CODE.ServiceUnavailable, "The gateway is about to end. Send it again later", {
      code: "draining",
      headers: HEADERS,
    });
  };
}
