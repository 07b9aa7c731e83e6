/**
 * The page on which plugins are seen and called, at `/` in a browser.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { Hono } from "hono";
import { PluginError } from "../errors.ts";
import { formsOf } from "../dashboard/fields.ts";
import type { DashboardPage } from "../dashboard/page_files.ts";
import { toldSignatures } from "../plugin/told_signatures.ts";
import { isRecord, parseJson } from "../protocol/json.ts";
import { operatorRefusal, Tokens, wantsPlace, wantsToken } from "./access.ts";
import { readText } from "./body.ts";
import { streamLeft } from "./client_gone.ts";
import type { Asked, GatewayContext, GatewayEnv } from "./context.ts";
import { guarded } from "./guard.ts";
import type { LogFeed } from "./log_feed.ts";
import type { ResolvedGatewayOptions } from "./options.ts";
import { type CookieOptions, noCookie, PageSessions } from "./page_session.ts";
import { badRequest, refusal } from "./refusal.ts";
import { errorBody } from "./told_errors.ts";

/** The status of a reply without a body. */
const NO_CONTENT = 204;

/** A token is short. */
const MAX_TOKEN_BODY = 10_000;

/** How often a stream of lines tells that it is there, in milliseconds: only so is it found out that its reader is gone. */
const SIGN_OF_LIFE_MS = 15_000;

/** The page, and what it alone asks for. */
export function dashboardRoutes(context: GatewayContext): Hono<GatewayEnv> {
  const { manager, options } = context;
  const app = new Hono<GatewayEnv>();
  addPage(app, options);
  addSession(app, context);
  app.get("/dashboard/forms/:plugin", guarded(wantsToken(options)), async (asked) => {
    const plugin = asked.req.param("plugin");
    try {
      return Response.json(formsOf(await toldSignatures(manager.get(plugin), streamLeft(asked)) ?? { execute: {} }));
    } catch (error) {
      if (error instanceof PluginError && error.code === "unknown_plugin") {
        return refusal(STATUS_CODE.NotFound, error.message, { code: error.code });
      }
      const { exposeTracebacks } = options;
      const { code, message } = errorBody(error, { withTraceback: exposeTracebacks || asked.get("role") === "operator" });
      return refusal(STATUS_CODE.InternalServerError, message, { code });
    }
  });
  const { logs } = options;
  app.get("/dashboard/logs", guarded(wantsToken(options)), (asked) => {
    const refused = operatorRefusal(asked.get("role"), "The log");
    if (refused !== undefined) return refused;
    return logs === undefined
      ? refusal(STATUS_CODE.NotFound, "This gateway keeps no log", { code: "not_found" })
      : events(asked, logs, options);
  });
  return app;
}

function addPage(app: Hono<GatewayEnv>, { basePath }: ResolvedGatewayOptions): void {
  let page: Promise<DashboardPage> | undefined;
  const load = () => page ??= import("../dashboard/page_files.ts").then(({ DashboardPage }) => DashboardPage.create(basePath));
  app.get("/", async ({ req }, next) => {
    if (!/\btext\/html\b/.test(req.raw.headers.get("accept") ?? "")) return await next();
    const { html, policy } = await load();
    const headers = { ...SAFE, "content-type": "text/html; charset=utf-8", "content-security-policy": policy, "cache-control": "no-cache" };
    return new Response(html, { headers: { ...headers, vary: "accept" } });
  });
  app.get("/dashboard/:version{[\\da-f]{16}}/:file", async ({ req }, next) => {
    const takesGzip = /\bgzip\b/.test(req.raw.headers.get("accept-encoding") ?? "");
    const file = (await load()).file(req.param("file"), { takesGzip });
    if (file === undefined) return await next();
    const encoding: Record<string, string> = takesGzip ? { "content-encoding": "gzip" } : {};
    const headers = { ...SAFE, "content-type": file.mediaType, "cache-control": "public, max-age=31536000, immutable", ...encoding };
    return new Response(file.bytes, { headers: { ...headers, vary: "accept-encoding" } });
  });
}

const SAFE = { "referrer-policy": "no-referrer", "x-content-type-options": "nosniff" };

/** Whoever signs in is nobody yet. All who do have the places of one client together, and little room. */
function addSession(app: Hono<GatewayEnv>, { options, patience }: GatewayContext): void {
  const tokens = new Tokens(options);
  const sessions = new PageSessions(tokens.known);
  const path = "/dashboard/session";
  app.get(path, guarded(wantsToken(options)), (asked) => Response.json({ role: asked.get("role") }));
  const limits = { ...options.limits, bodyBytes: MAX_TOKEN_BODY };
  app.post(path, guarded(asVisitor), wantsPlace(limits), async (asked) => {
    const read = await readText(asked, { options: { ...options, limits }, patience });
    if (read instanceof Response) return read;
    const token = tokenIn(read.text);
    if (token === undefined) return badRequest("The body has no token");
    const holder = tokens.holderOf(`Bearer ${token}`);
    if (holder === undefined) return refusal(STATUS_CODE.Unauthorized, "The token is wrong", { code: "unauthorized" });
    return signedReply(sessions.cookieOf(holder, cookieOptions(asked, options)));
  });
  app.delete(path, (asked) => signedReply(noCookie(cookieOptions(asked, options))));
}

function asVisitor(asked: Asked): undefined {
  asked.set("client", "visitor");
}

function tokenIn(text: string): string | undefined {
  const body = parseJson(text);
  return isRecord(body) && typeof body.token === "string" ? body.token : undefined;
}

function cookieOptions(asked: Asked, { basePath }: ResolvedGatewayOptions): CookieOptions {
  // Behind a proxy that encrypts the page alone knows.
  const page = asked.req.raw.headers.get("origin") ?? asked.req.url;
  return { path: `${basePath}/`, isSecure: page.startsWith("https:") };
}

function signedReply(cookie: string): Response {
  return new Response(null, { status: NO_CONTENT, headers: { "set-cookie": cookie, "cache-control": "no-store" } });
}

/** Lines as the events of a browser. */
function events(asked: Asked, logs: LogFeed, { draining }: ResolvedGatewayOptions): Response {
  const gone = new AbortController();
  streamLeft(asked).addEventListener("abort", () => gone.abort(), { once: true });
  draining?.addEventListener("abort", () => gone.abort(), { once: true });
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
