/**
 * The sessions of MCP clients of 2025: a handshake, and what follows it by the session's id.
 *
 * @module
 */
import { isInitializeRequest, isJSONRPCRequest, type Server, WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";
import { problem } from "./problem.ts";

/** The most sessions that are open. Beyond them the one goes that was idle longest. */
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
    return endingCalls(response, { transport, messages: [parsedBody].flat() });
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
    this.#makeRoom();
    await server.connect(transport);
    return session;
  }

  #makeRoom(): void {
    const oldest = performance.now() - MAX_IDLE_MS;
    for (const [id, { server, lastUsed }] of this.#open) {
      if (lastUsed > oldest && this.#open.size < MAX_SESSIONS) return;
      this.#open.delete(id);
      void server.close();
    }
  }
}

/** A reply whose client leaves ends the calls that it was to answer: nobody else can have their results. */
function endingCalls(response: Response, { transport, messages }: CallsOfReply): Response {
  const { body } = response;
  const ids = messages.filter(isJSONRPCRequest).map(({ id }) => id);
  if (body === null || ids.length === 0) return response;
  const reader = body.getReader();
  const watched = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async (reason) => {
      for (const requestId of ids) transport.onmessage?.({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } });
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return new Response(watched, response);
}

interface CallsOfReply {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly messages: readonly unknown[];
}
