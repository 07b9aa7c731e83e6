/**
 * Which web pages may ask, and by which names a gateway is reached.
 *
 * @module
 */
import { cors } from "hono/cors";
import type { MiddlewareHandler } from "hono";
import { STATUS_CODE } from "@std/http/status";
import type { GatewayEnv } from "./context.ts";
import type { ResolvedGatewayOptions } from "./options.ts";
import { refusal } from "./refusal.ts";

/** What no name of the web can be: an address, or this machine itself. A page cannot have them lead elsewhere. */
const OWN_HOST = /^(localhost|.+\.localhost|\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\])$/;

/**
 * Refuses requests to names that are not this gateway's. A page of elsewhere can have its own name lead to this machine, and is then taken for one of
 * here.
 */
export function ownHostOnly({ hosts }: ResolvedGatewayOptions): MiddlewareHandler<GatewayEnv> {
  const isOwn = (host: string): boolean => OWN_HOST.test(host) || hosts.includes("*") || hosts.includes(host);
  return async (asked, next) => {
    const { hostname } = new URL(asked.req.url);
    if (!isOwn(hostname)) {
      return refusal(STATUS_CODE.MisdirectedRequest, `This gateway is not "${hostname}". Name the host in "hosts" if it is`, {
        code: "wrong_host",
      });
    }
    return await next();
  };
}

/** Refuses requests of web pages of elsewhere, except of those that are named; these are told that they may. */
export function knownPagesOnly({ origins }: ResolvedGatewayOptions): MiddlewareHandler<GatewayEnv> {
  const allow = cors({ origin: [...origins], exposeHeaders: ["retry-after"] });
  return async (asked, next) => {
    const origin = asked.req.raw.headers.get("origin");
    if (origin === null || origin === new URL(asked.req.url).origin) return await next();
    if (origins.includes(origin)) return await allow(asked, next);
    return refusal(STATUS_CODE.Forbidden, `The page "${origin}" may not ask. Name it in "origins" if it may`, { code: "wrong_origin" });
  };
}
