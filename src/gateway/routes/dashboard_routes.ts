/**
 * The page on which plugins are seen and called, at `/` in a browser.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { Hono } from "hono";
import { configurationForm, formsOf } from "../../dashboard/fields.ts";
import type { DashboardPage } from "../../dashboard/page_files.ts";
import { PAGE_HEADERS } from "../../dashboard/page_safety.ts";
import type { PluginInterface } from "../../plugin/members.ts";
import { toldSignatures } from "../../plugin/told_signatures.ts";
import { isRecord, parseJson } from "../../protocol/json.ts";
import { messageOf } from "../../protocol/text.ts";
import { Tokens, wantsPlace, wantsToken } from "../access/tokens.ts";
import { readText } from "../request/body.ts";
import { streamLeft } from "../request/client_gone.ts";
import type { Asked, GatewayContext, GatewayEnv, Role } from "../context.ts";
import { guarded } from "../access/guard.ts";
import type { ResolvedGatewayOptions } from "../options.ts";
import { type CookieOptions, noCookie, PageSessions } from "../access/page_session.ts";
import { badRequest, isUnknownPlugin, refusal, unknownPlugin } from "../reply/refusal.ts";
import { errorBody } from "../reply/told_errors.ts";
import { WaitingEvents } from "../observing/waiting_events.ts";

/** The status of a reply without a body. */
const NO_CONTENT = 204;

/** A token is short. */
const MAX_TOKEN_BODY = 10_000;

/** How often a stream of events tells that it is there, in milliseconds. Only by sending does the server notice that the reader is gone. */
const SIGN_OF_LIFE_MS = 15_000;

/** A comment, which no browser takes for an event. */
const SIGN_OF_LIFE = ":\n\n";

/** The page, and what it alone asks for. */
export function dashboardRoutes(context: GatewayContext): Hono<GatewayEnv> {
  const { manager, options } = context;
  const app = new Hono<GatewayEnv>();
  addPage(app, options);
  addSession(app, context);
  app.get("/dashboard/forms/:plugin", guarded(wantsToken(options)), async (asked) => {
    const plugin = asked.req.param("plugin");
    try {
      return Response.json(await pluginForms(manager.get(plugin), { role: asked.get("role"), signal: streamLeft(asked) }));
    } catch (error) {
      if (isUnknownPlugin(error)) return unknownPlugin(error);
      const { exposeTracebacks } = options;
      const { code, message } = errorBody(error, { withTraceback: exposeTracebacks || asked.get("role") === "operator" });
      return refusal(STATUS_CODE.InternalServerError, message, { code });
    }
  });
  app.get("/dashboard/events", guarded(wantsToken(options)), (asked) => events(asked, context));
  return app;
}

/** The forms of a plugin. What it is configured with is the operators' to know. */
async function pluginForms(plugin: PluginInterface, { role, signal }: { readonly role: Role; readonly signal: AbortSignal }) {
  const forms = formsOf(await toldSignatures(plugin, signal) ?? { execute: {} });
  if (role !== "operator") return forms;
  try {
    const [schema, current] = await Promise.all([plugin.getConfigSchema({ signal }), plugin.getCurrentConfig({ signal })]);
    return Object.keys(schema).length === 0 ? forms : { ...forms, configuration: { ...configurationForm(schema), current } };
  } catch (error) {
    return { ...forms, configuration: { problem: messageOf(error) } };
  }
}

function addPage(app: Hono<GatewayEnv>, { basePath }: ResolvedGatewayOptions): void {
  let page: DashboardPage | undefined;
  const load = async () =>
    page ??= await (await import("../../dashboard/page_files.ts")).DashboardPage.create(basePath).catch(() => undefined);
  app.get("/", async ({ req }, next) => {
    if (!/\btext\/html\b/.test(req.raw.headers.get("accept") ?? "")) return await next();
    const page = await load();
    if (page === undefined) return refusal(STATUS_CODE.ServiceUnavailable, NOT_THERE, { code: "page_unavailable" });
    const { html, policy } = page;
    const headers = {
      ...PAGE_HEADERS,
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "cache-control": "no-cache",
    };
    return new Response(html, { headers: { ...headers, vary: "accept" } });
  });
  app.get("/dashboard/:version{[\\da-f]{16}}/:file", async ({ req }, next) => {
    const takesGzip = /\bgzip\b/.test(req.raw.headers.get("accept-encoding") ?? "");
    const file = (await load())?.file(req.param("file"), { takesGzip });
    if (file === undefined) return await next();
    const encoding: Record<string, string> = takesGzip ? { "content-encoding": "gzip" } : {};
    const headers = {
      ...PAGE_HEADERS,
      "content-type": file.mediaType,
      "cache-control": "public, max-age=31536000, immutable",
      ...encoding,
    };
    return new Response(file.bytes, { headers: { ...headers, vary: "accept-encoding" } });
  });
}

const NOT_THERE =
  "The page is made of packages from npm, which are not here and cannot be fetched now. The plugins themselves are at the same address";

/** Whoever signs in is nobody yet. All who do have the places of one client together, and little room. */
function addSession(app: Hono<GatewayEnv>, { options, patience }: GatewayContext): void {
  const tokens = new Tokens(options);
  const sessions = new PageSessions(tokens.known);
  const path = "/dashboard/session";
  app.get(path, guarded(wantsToken(options)), (asked) => Response.json({ role: asked.get("role") }));
  const limits = { ...options.limits, bodyBytes: MAX_TOKEN_BODY };
  app.post(path, guarded(asVisitor, wantsPlace(limits)), async (asked) => {
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
  // Behind a proxy that encrypts, only the page knows that it does.
  const page = asked.req.raw.headers.get("origin") ?? asked.req.url;
  return { path: `${basePath}/`, isSecure: page.startsWith("https:") };
}

function signedReply(cookie: string): Response {
  return new Response(null, { status: NO_CONTENT, headers: { "set-cookie": cookie, "cache-control": "no-store" } });
}

/** What happens, as the events of a browser: to operators all calls and what plugins print, and to callers their own calls. */
function events(asked: Asked, { callFeed, options: { logs, draining } }: GatewayContext): Response {
  const gone = new AbortController();
  for (const signal of [streamLeft(asked), draining]) signal?.addEventListener("abort", () => gone.abort(), { once: true });
  const waiting = new WaitingEvents();
  gone.signal.addEventListener("abort", waiting.wake, { once: true });
  const { role, client } = asked.var;
  const mayAll = role === "operator";
  const leaveCalls = callFeed.follow((call) => (mayAll || call.client === client) && waiting.addCall(call));
  const leaveLogs = mayAll ? logs?.follow(waiting.addLine) : undefined;
  const leave = () => [leaveCalls, leaveLogs].forEach((one) => one?.());
  const stream = ReadableStream.from(eventTexts(waiting, { signal: gone.signal, leave })).pipeThrough(new TextEncoderStream());
  return new Response(stream, { headers: { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" } });
}

interface Following {
  readonly signal: AbortSignal;
  readonly leave: () => void;
}

async function* eventTexts(waiting: WaitingEvents, { signal, leave }: Following): AsyncGenerator<string, void, void> {
  try {
    yield SIGN_OF_LIFE;
    while (!signal.aborted) {
      const life = Promise.withResolvers<void>();
      const timer = setTimeout(life.resolve, SIGN_OF_LIFE_MS);
      await Promise.race([waiting.next, life.promise]).finally(() => clearTimeout(timer));
      yield waiting.taken() || SIGN_OF_LIFE;
    }
    yield waiting.taken();
  } finally {
    leave();
  }
}
