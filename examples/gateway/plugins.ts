/**
 * What the three servers have in common: the plugins, and the page that calls one of them.
 *
 * @module
 */
import { createGateway, type GatewayHandler } from "@remote-plugin/proxy/gateway";
import { PluginManager } from "@remote-plugin/proxy/manager";
import { PAGE } from "./page.ts";

/** A manager of the plugin in this folder. It lives as long as its program. */
export function managePlugins(): Promise<PluginManager> {
  return PluginManager.create({ manifests: [new URL("speech.json", import.meta.url)] });
}

/** The gateway to them, below `/plugins`. Whoever calls needs the token in the variable `TOKEN`. */
export function gatewayTo(manager: PluginManager): GatewayHandler {
  return createGateway(manager, { token: Deno.env.get("TOKEN")!, basePath: "/plugins" });
}

/** The page. It is no secret: who calls a plugin by it has to type the token. */
export function page(): Response {
  return new Response(PAGE, { headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": POLICY } });
}

const POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; form-action 'none'";
