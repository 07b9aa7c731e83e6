/**
 * The routes of a gateway: one line for each module of them.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { Hono } from "hono";
import { getPath } from "hono/utils/url";
import { wantsPlace, wantsToken } from "../access/tokens.ts";
import type { GatewayContext, GatewayEnv } from "../context.ts";
import { dashboardRoutes } from "./dashboard_routes.ts";
import { openOnly } from "../access/draining.ts";
import { guarded } from "../access/guard.ts";
import { healthRoutes } from "./health_routes.ts";
import { managementRoutes } from "./management_routes.ts";
import { mcpRoutes } from "./mcp_routes.ts";
import { metricsRoutes } from "./metrics_routes.ts";
import { docsRoutes, openApiRoutes } from "../openapi/routes.ts";
import { knownPagesOnly, ownHostOnly, toldPages } from "../access/pages.ts";
import { pluginRoutes } from "./plugin_routes.ts";
import { refusal } from "../reply/refusal.ts";
import { RememberingRouter } from "./remembering_router.ts";

/** The part of a path behind that of the gateway; empty for a path that is none of the gateway's. */
function pathBelow(basePath: string): (request: Request) => string {
  if (basePath === "") return getPath;
  return (request) => {
    const path = getPath(request);
    return path === basePath ? "/" : path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : "";
  };
}

/** All routes of one gateway. */
export function routesOf(context: GatewayContext): Hono<GatewayEnv> {
  const { options } = context;
  const app = new Hono<GatewayEnv>({ getPath: pathBelow(options.basePath), router: new RememberingRouter() });
  // A load balancer asks by any name.
  app.route("/", healthRoutes(context));
  app.use(guarded(ownHostOnly(options), knownPagesOnly(options)));
  if (options.origins.length > 0) app.use(toldPages(options));
  // Modules that need no token, or check it themselves, come here. Metrics stay readable while the gateway drains.
  app.route("/", metricsRoutes(context));
  app.use(guarded(openOnly(options)));
  app.route("/", docsRoutes());
  app.route("/", dashboardRoutes(context));
  app.use(guarded(wantsToken(options), wantsPlace(options.limits)));
  // The names that a gateway itself has come before those of plugins.
  app.route("/", openApiRoutes(context));
  app.route("/", managementRoutes(context));
  app.route("/", mcpRoutes(context));
  app.route("/", pluginRoutes(context));
  app.all("/:name?", ({ req }) => wrongMethod(req.path));
  app.notFound(({ req }) => refusal(STATUS_CODE.NotFound, `There is no endpoint "${req.path.slice(1)}"`, { code: "not_found" }));
  // An error that nobody expects is told by the server.
  app.onError((error) => {
    throw error;
  });
  return app;
}

/** All that is not below a plugin's name is only read. */
function wrongMethod(path: string): Response {
  return refusal(STATUS_CODE.MethodNotAllowed, `"${path}" takes GET`, { code: "wrong_method", headers: { allow: "GET, HEAD" } });
}
