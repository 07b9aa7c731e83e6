/**
 * MCP over HTTP, as a gateway serves it: streamable, for clients with a session and for those without.
 *
 * @module
 */
import { createMcpHandler, isLegacyRequest, type McpHttpHandler } from "@modelcontextprotocol/server";
import type { PluginManager } from "../manager/plugin_manager.ts";
import { isRecord } from "../protocol/json.ts";
import { followed } from "./followed_reply.ts";
import { type McpOptions, McpServers } from "./mcp_server.ts";
import { problem } from "./problem.ts";
import { McpSessions, type SessionRequest } from "./sessions.ts";

/** What MCP over HTTP is told. */
export interface McpEndpointOptions extends Pick<McpOptions, "watch" | "describe"> {
  /** Aborted when the server is about to end. Calls go on then, and streams on which changes are told end. Default: never. */
  readonly draining: AbortSignal | undefined;
}

/** A request as its server knows it. */
export interface McpRequest {
  /** Whose request it is. A session is its client's alone. */
  readonly client: string;
  /** Its body; empty where it has none. */
  readonly text: string;
  /** Aborted when the client has gone before it had the reply. */
  readonly signal: AbortSignal;
}

const LARGE_FILE_ADVICE = "A POST to the plugin's own path, beside this one, gives it";

/** Answers the requests to one path. What its manager's plugins print, and who may ask, are the server's matters. */
export class McpEndpoint {
  readonly #servers: McpServers;
  readonly #sessions: McpSessions;
  readonly #handler: McpHttpHandler;
  readonly #draining: AbortSignal | undefined;
  #isClosed = false;

  /** It ends with its manager. */
  constructor(manager: PluginManager, { draining, ...options }: McpEndpointOptions) {
    this.#draining = draining;
    this.#servers = new McpServers(manager, { ...options, files: "remote", largeFileAdvice: LARGE_FILE_ADVICE });
    this.#sessions = new McpSessions((client) => this.#servers.make(client));
    // Each answer is a stream from its start. Only while it sends a stream does a server see that its client has gone.
    this.#handler = createMcpHandler(({ authInfo }) => this.#servers.make(authInfo?.clientId), { legacy: "reject", responseMode: "sse" });
    this.#servers.onChange(() => {
      this.#handler.notify.toolsChanged();
      this.#sessions.tellChange();
    });
    void this.#servers.ended.then(() => this.#close());
  }

  /** Answers one request. */
  async answer({ url, method, headers }: Request, { client, text, signal }: McpRequest): Promise<Response> {
    if (this.#isClosed) return problem(503, { code: -32_000, message: "The plugins have ended" });
    const parsedBody = method === "POST" ? parsed(text) : undefined;
    if (parsedBody === NO_JSON) return problem(400, { code: -32_700, message: "The body is no JSON" });
    // The signal of a request from `Deno.serve()` is aborted after each reply, and Deno warns of whoever listens to it.
    const request = new Request(url, { method, headers, signal });
    const response = await this.#answer(request, { client, parsedBody });
    return isListening(method, parsedBody) ? followed(response, { until: this.#draining }) : response;
  }

  async #answer(request: Request, { client, parsedBody }: SessionRequest): Promise<Response> {
    if (await isLegacyRequest(request, parsedBody)) return await this.#sessions.answer(request, { client, parsedBody });
    return await this.#handler.fetch(request, { authInfo: { token: "", clientId: client, scopes: [] }, parsedBody });
  }

  /** Streams on which changes are told would hold a server up for ever. */
  async #close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#handler.close(), this.#sessions.close()]);
  }
}

const NO_JSON = Symbol("no JSON");

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return NO_JSON;
  }
}

/** Whether a request asks for a stream on which changes are told: it has no end of its own. */
function isListening(method: string, message: unknown): boolean {
  return method === "GET" || isRecord(message) && message.method === "subscriptions/listen";
}
