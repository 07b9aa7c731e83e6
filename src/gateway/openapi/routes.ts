/**
 * The description of a gateway, and the page on which it is read and tried.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { Hono } from "hono";
import type { GatewayContext, GatewayEnv } from "../context.ts";
import { PAGE_HEADERS } from "../../dashboard/page_safety.ts";
import { refusal } from "../reply/refusal.ts";
import { describedPlugins } from "./described.ts";
import { PAGE_FILES, PAGE_POLICY, type PageFile } from "./docs_page.ts";
import { openApiDocument } from "./document.ts";

/** The description. It tells the plugins' names and starts them, and so it takes a token. */
export function openApiRoutes({ manager }: GatewayContext): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  app.get("/openapi.json", async () => Response.json(openApiDocument(await describedPlugins(manager))));
  return app;
}

/** The page. It takes no token and tells nothing: whoever reads it gives a token to it. */
export function docsRoutes(): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  // What the page asks for lies beside it.
  app.get("/docs/", () => new Response(null, { status: 308, headers: { location: "../docs" } }));
  app.get("/docs/:file?", async ({ req }, next) => {
    const file = req.param("file") ?? "";
    if (!Object.hasOwn(PAGE_FILES, file)) return await next();
    try {
      return pageReply(await PAGE_FILES[file]!());
    } catch {
      return refusal(STATUS_CODE.ServiceUnavailable, NOT_THERE, { code: "page_unavailable" });
    }
  });
  return app;
}

const NOT_THERE =
  "The page is made of a package from npm, which is not here and cannot be fetched now. The description itself is at /openapi.json";

function pageReply({ mediaType, text, isFixed }: PageFile): Response {
  return new Response(text, {
    headers: {
      "content-type": mediaType,
      "content-security-policy": PAGE_POLICY,
      ...PAGE_HEADERS,
      "cache-control": isFixed ? "public, max-age=31536000, immutable" : "no-cache",
    },
  });
}
