/**
 * Which web pages may ask, and by which names a gateway is reached.
 *
 * @module
 */
import { cors } from "hono/cors";
import type { MiddlewareHandler } from "hono";
import { STATUS_CODE } from "@std/http/status";
import type { GatewayEnv } from "./context.ts";
import type { Guard } from "./guard.ts";
import type { ResolvedGatewayOptions } from "./options.ts";
import { refusal } from "./refusal.ts";

/** What no name of the web can be: an address, or this machine itself. A page cannot have them lead elsewhere. */
const OWN_HOST = /^(localhost|.+\.localhost|\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\])$/;

/**
 * Refuses requests to names that are not this gateway's. A page of elsewhere can have its own name lead to this machine, and is then taken for one of
 * here.
 */
export function ownHostOnly({ hosts }: ResolvedGatewayOptions): Guard {
  const isOwn = (host: string): boolean => OWN_HOST.test(host) || hosts.includes("*") || hosts.includes(host);
  let lastOwn = "";
  return ({ req: { url } }) => {
    // Nearly all requests come by the same name, and to take a URL apart costs more than to see that.
    const origin = url.slice(0, url.indexOf("/", url.indexOf("//") + 2));
    if (origin === lastOwn) return undefined;
    const { hostname } = new URL(url);
    if (isOwn(hostname)) {
      lastOwn = origin;
      return undefined;
    }
    const detail = `This gateway is not "${hostname}". Name the host in "hosts" if it is`;
    return refusal(STATUS_CODE.MisdirectedRequest, detail, { code: "wrong_host" });
  };
}

/** Refuses requests of web pages of elsewhere, except of those that are named. */
export function knownPagesOnly({ origins }: ResolvedGatewayOptions): Guard {
  return ({ req }) => {
    const origin = req.raw.headers.get("origin");
    if (origin === null || origins.includes(origin) || origin === new URL(req.url).origin) return undefined;
    return refusal(STATUS_CODE.Forbidden, `The page "${origin}" may not ask. Name it in "origins" if it may`, { code: "wrong_origin" });
  };
}

/** Tells the web pages that are named that they may ask. */
export function toldPages({ origins }: ResolvedGatewayOptions): MiddlewareHandler<GatewayEnv> {
  return cors({ origin: [...origins], exposeHeaders: ["retry-after"] });
}
