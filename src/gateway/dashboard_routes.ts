/**
 * The page on which plugins are seen and called, at `/` in a browser.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { Hono } from "hono";
import { isRecord } from "../protocol/json.ts";
import { operatorRefusal, Tokens, wantsToken } from "./access.ts";
import { clientGone } from "./client_gone.ts";
import type { Asked, GatewayContext, GatewayEnv } from "./context.ts";
import type { LogFeed } from "./log_feed.ts";
import type { ResolvedGatewayOptions } from "./options.ts";
import { type CookieOptions, noCookie, PageSessions } from "./page_session.ts";
import { badRequest, refusal } from "./refusal.ts";

/** Nothing of a plugin's runs on the page, nothing is loaded from elsewhere, and no other page shows it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src blob: data:",
  "media-src blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The status of a reply without a body. */
const NO_CONTENT = 204;

/** A token is short. */
const MAX_TOKEN_BODY = 10_000;

/** How often a stream of lines tells that it is there, in milliseconds: only so is it found out that its reader is gone. */
const SIGN_OF_LIFE_MS = 15_000;

/** The page, and what it alone asks for. */
export function dashboardRoutes({ options }: GatewayContext): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  app.get("/", async ({ req }, next) => {
    if (!/\btext\/html\b/.test(req.raw.headers.get("accept") ?? "")) return await next();
    const { pageHtml } = await import("../dashboard/page_files.ts");
    return fileReply({ text: pageHtml(options.basePath), mediaType: "text/html; charset=utf-8" });
  });
  app.get("/dashboard/:file{(page\\.js|page\\.css)}", async ({ req }) => {
    const { pageFile } = await import("../dashboard/page_files.ts");
    return fileReply(pageFile(req.param("file"), /\bgzip\b/.test(req.raw.headers.get("accept-encoding") ?? "")));
  });
  addSession(app, options);
  const { logs } = options;
  app.get("/dashboard/logs", wantsToken(options), (asked) => {
    const refused = operatorRefusal(asked.get("role"), "The log");
    return refused ??
      (logs === undefined ? refusal(STATUS_CODE.NotFound, "This gateway keeps no log", { code: "not_found" }) : events(asked, logs));
  });
  return app;
}

function addSession(app: Hono<GatewayEnv>, options: ResolvedGatewayOptions): void {
  const tokens = new Tokens(options);
  const sessions = new PageSessions(tokens.known);
  const path = "/dashboard/session";
  app.post(path, async (asked) => {
    const token = await givenToken(asked.req.raw);
    if (token === undefined) return badRequest("The body has no token");
    const holder = tokens.holderOf(`Bearer ${token}`);
    if (holder === undefined) return refusal(STATUS_CODE.Unauthorized, "The token is wrong", { code: "unauthorized" });
    return signedReply(await sessions.cookieOf(holder, cookieOptions(asked, options)));
  });
  app.delete(path, (asked) => signedReply(noCookie(cookieOptions(asked, options))));
}

async function givenToken(request: Request): Promise<string | undefined> {
  if (Number(request.headers.get("content-length") ?? Infinity) > MAX_TOKEN_BODY) return undefined;
  const body: unknown = await request.json().catch(() => undefined);
  return isRecord(body) && typeof body.token === "string" ? body.token : undefined;
}

function cookieOptions(asked: Asked, { basePath }: ResolvedGatewayOptions): CookieOptions {
  return { path: `${basePath}/`, isSecure: asked.req.url.startsWith("https:") };
}

function signedReply(cookie: string): Response {
  return new Response(null, { status: NO_CONTENT, headers: { "set-cookie": cookie, "cache-control": "no-store" } });
}

/** A file of the page. */
interface ServedFile {
  readonly mediaType: string;
  readonly text: string | Uint8Array<ArrayBuffer>;
  readonly isCompressed?: boolean;
  /** Whether it never changes under its name. */
  readonly isFixed?: boolean;
}

function fileReply({ mediaType, text, isCompressed = false, isFixed = false }: ServedFile): Response {
  return new Response(text, {
    headers: {
      "content-type": mediaType,
      "content-security-policy": POLICY,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "cache-control": isFixed ? "public, max-age=31536000, immutable" : "no-cache",
      vary: "accept, accept-encoding",
      ...isCompressed ? { "content-encoding": "gzip" } : {},
    },
  });
}

/** Lines as the events of a browser. */
function events(asked: Asked, logs: LogFeed): Response {
  const gone = new AbortController();
  clientGone(asked).catch(() => gone.abort());
  const stream = ReadableStream.from(eventTexts(logs, gone)).pipeThrough(new TextEncoderStream());
  return new Response(stream, { headers: { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" } });
}

async function* eventTexts(logs: LogFeed, gone: AbortController): AsyncGenerator<string, void, void> {
  const lines = logs.lines(gone.signal);
  let next = lines.next();
  try {
    yield ":\n\n";
    while (true) {
      const life = Promise.withResolvers<undefined>();
      const timer = setTimeout(() => life.resolve(undefined), SIGN_OF_LIFE_MS);
      const step = await Promise.race([next, life.promise]).finally(() => clearTimeout(timer));
      if (step?.done) return;
      yield step === undefined ? ":\n\n" : `data: ${JSON.stringify(step.value)}\n\n`;
      if (step !== undefined) next = lines.next();
    }
  } finally {
    gone.abort();
    await lines.return();
  }
}
