/**
 * Which web pages may ask, and by which names a gateway is reached.
 *
 * @module
 */
import { cors } from "hono/cors";
import type { MiddlewareHandler } from "hono";
import { STATUS_CODE } from "@std/http/status";
import type { GatewayEnv } from "../context.ts";
import type { Guard } from "./guard.ts";
import type { ResolvedGatewayOptions } from "../options.ts";
import { badRequest, refusal } from "../reply/refusal.ts";

/** Addresses, and the names of this machine. The owner of a page cannot have these lead elsewhere, as he can his own name. */
const OWN_HOST = /^(localhost|.+\.localhost|\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\])$/;

/** Refuses requests to names that are not this gateway's. A page of elsewhere could have its own name lead to this machine, and pass for one of here. */
export function ownHostOnly({ hosts }: ResolvedGatewayOptions): Guard {
  const named = new Set(hosts.map((host) => host.toLowerCase()));
  const isOwn = (host: string): boolean => OWN_HOST.test(host) || named.has("*") || named.has(host);
  let lastOwn: string | undefined;
  return ({ req: { url } }) => {
    // Nearly all requests come by the same name. To compare it costs less than to take the URL apart.
    const origin = originOf(url);
    if (origin === lastOwn) return undefined;
    // The URL has the client's "Host" in it, and so it may be malformed.
    const hostname = URL.parse(url)?.hostname;
    if (hostname === undefined) return badRequest('The header "Host" is no name of a host');
    if (isOwn(hostname)) {
      lastOwn = origin;
      return undefined;
    }
    const detail = `This gateway is not "${hostname}". Name the host in "hosts" if it is`;
    return refusal(STATUS_CODE.MisdirectedRequest, detail, { code: "wrong_host" });
  };
}

/** All of a URL that says whose it is, as it is written. */
function originOf(url: string): string {
  const end = url.indexOf("/", url.indexOf("//") + 2);
  return end < 0 ? url : url.slice(0, end);
}

/** Refuses requests of web pages of elsewhere, except of those that are named. */
export function knownPagesOnly({ origins }: ResolvedGatewayOptions): Guard {
  return ({ req }) => {
    const origin = req.raw.headers.get("origin");
    if (origin === null || origins.includes(origin) || isServedHere(origin, req.url)) return undefined;
    return refusal(STATUS_CODE.Forbidden, `The page "${origin}" may not ask. Name it in "origins" if it may`, { code: "wrong_origin" });
  };
}

/** A proxy in front that encrypts leaves the gateway with "http" where its pages are from "https". */
function isServedHere(origin: string, url: string): boolean {
  const page = URL.parse(origin);
  return page !== null && /^https?:$/.test(page.protocol) && page.host === new URL(url).host;
}

/** Tells the web pages that are named that they may ask. */
export function toldPages({ origins }: ResolvedGatewayOptions): MiddlewareHandler<GatewayEnv> {
  return cors({ origin: [...origins], exposeHeaders: ["retry-after"] });
}
