/**
 * The description of a gateway, and the page on which it is read and tried.
 *
 * @module
 */
import { Hono } from "hono";
import type { GatewayContext, GatewayEnv } from "../context.ts";
import { describedPlugins } from "./described.ts";
import { openApiDocument } from "./document.ts";
import type { PageFile } from "./docs_page.ts";

/** The description. It tells the plugins' names and starts them, and so it takes a token. */
export function openApiRoutes({ manager }: GatewayContext): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  app.get("/openapi.json", async () => Response.json(openApiDocument(await describedPlugins(manager))));
  return app;
}

/** The page. It takes no token and tells nothing: whoever reads it gives a token to it. */
export function docsRoutes(): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  app.get("/docs/:file?", async ({ req }, next) => {
    const { PAGE_FILES, PAGE_POLICY } = await import("./docs_page.ts");
    const file = req.param("file") ?? "";
    if (!Object.hasOwn(PAGE_FILES, file)) return await next();
    return pageReply(PAGE_FILES[file]!(), {
      policy: PAGE_POLICY,
      takesGzip: /\bgzip\b/.test(req.raw.headers.get("accept-encoding") ?? ""),
    });
  });
  return app;
}

interface PageReplyOptions {
  readonly policy: string;
  /** Whether the client reads what is compressed. */
  readonly takesGzip: boolean;
}

function pageReply({ mediaType, bytes, isCompressed }: PageFile, { policy, takesGzip }: PageReplyOptions): Response {
  const headers: Record<string, string> = {
    "content-type": mediaType,
    "content-security-policy": policy,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": isCompressed ? "public, max-age=31536000, immutable" : "no-cache",
  };
  if (!isCompressed) return new Response(bytes, { headers });
  headers.vary = "accept-encoding";
  if (takesGzip) return new Response(bytes, { headers: { ...headers, "content-encoding": "gzip" } });
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")), { headers });
}
