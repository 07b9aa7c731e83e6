/**
 * The sessions of MCP clients of 2025: a handshake, and what follows it by the session's id.
 *
 * @module
 */
import { isInitializeRequest, isJSONRPCRequest, type Server, WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";
import { followed } from "./followed_reply.ts";
import { problem } from "./problem.ts";

/** The most sessions that a client has open. One more ends the session of the client that was idle longest. */
const MAX_SESSIONS = 1_000;

/** After so long without a request a session is over, in milliseconds. Its client begins another one. */
const MAX_IDLE_MS = 60 * 60 * 1_000;

const SESSION_HEADER = "mcp-session-id";

/** A request of a client. */
export interface SessionRequest {
  readonly client: string;
  /** The message that was read; `undefined` where there is none. */
  readonly parsedBody: unknown;
}

interface Session {
  readonly client: string;
  readonly server: Server;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  lastUsed: number;
}

/** Keeps sessions apart. */
export class McpSessions {
  readonly #make: (client: string) => Server;
  /** Those used longest ago come first. */
  readonly #open = new Map<string, Session>();

  /** Has none yet. */
  constructor(make: (client: string) => Server) {
    this.#make = make;
  }

  /** Tells all clients that there are other tools. */
  tellChange(): void {
    for (const { server } of this.#open.values()) void server.sendToolListChanged().catch(() => {});
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    const sessions = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(sessions.map(({ server }) => server.close()));
  }

  /** Answers a request. A message without a session is answered too, where it needs none. */
  async answer(request: Request, { client, parsedBody }: SessionRequest): Promise<Response> {
    const id = request.headers.get(SESSION_HEADER);
    const session = id === null ? undefined : this.#find(id, client);
    if (id !== null && session === undefined) {
      return problem(404, { code: -32_001, message: "There is no such session. Begin another one" });
    }
    const { transport } = session ?? await this.#begin(client, isInitializeRequest(parsedBody));
    const response = await transport.handleRequest(request, { parsedBody });
    // When the client leaves, nobody else can have the results of the calls in this request.
    return followed(response, { onLeft: () => cancelAll(transport, [parsedBody].flat()) });
  }

  #find(id: string, client: string): Session | undefined {
    const session = this.#open.get(id);
    if (session?.client !== client) return undefined;
    session.lastUsed = performance.now();
    this.#open.delete(id);
    this.#open.set(id, session);
    return session;
  }

  async #begin(client: string, isKept: boolean): Promise<Session> {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: isKept ? () => crypto.randomUUID() : undefined,
      onsessioninitialized: (id) => void this.#open.set(id, session),
      onsessionclosed: (id) => void this.#open.delete(id),
    });
    const server = this.#make(client);
    const session = { client, server, transport, lastUsed: performance.now() };
    this.#makeRoom(client);
    await server.connect(transport);
    return session;
  }

  /** No client ends the sessions of another one. */
  #makeRoom(client: string): void {
    const oldest = performance.now() - MAX_IDLE_MS;
    const sessions = [...this.#open];
    const own = sessions.filter(([, session]) => session.client === client);
    const tooMany = new Set(own.slice(0, Math.max(0, own.length + 1 - MAX_SESSIONS)));
    for (const one of sessions) {
      const [id, { server, lastUsed }] = one;
      if (lastUsed > oldest && !tooMany.has(one)) continue;
      this.#open.delete(id);
      void server.close();
    }
  }
}

/** Cancels all calls among messages, as their client does by a message. */
function cancelAll(transport: WebStandardStreamableHTTPServerTransport, messages: readonly unknown[]): void {
  for (const { id: requestId } of messages.filter(isJSONRPCRequest)) {
    transport.onmessage?.({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } });
  }
}
