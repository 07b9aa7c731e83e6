/**
 * The TypeScript SDK of MCP over stdio, with a Python server.
 *
 * @module
 */
import type { Nap, Peer, WorkName } from "../peer.ts";
import { interpreter, workPath } from "../places.ts";

interface ToolCall {
  readonly name: string;
  readonly arguments: Record<string, unknown>;
}

interface Client {
  connect(transport: unknown): Promise<void>;
  callTool(call: ToolCall, schema: undefined, options: { signal?: AbortSignal; timeout: number }): Promise<ToolResult>;
  close(): Promise<void>;
}

interface ToolResult {
  readonly structuredContent?: { readonly result?: unknown };
  readonly content: readonly { readonly text?: string }[];
}

/** Tools called by name. */
export class Mcp implements Peer {
  #client: Client | undefined;

  async start(): Promise<void> {
    const names = ["@modelcontextprotocol/sdk/client/index.js", "@modelcontextprotocol/sdk/client/stdio.js"];
    const [{ Client }, { StdioClientTransport }] = await Promise.all(names.map((name) => import(name)));
    const client = new Client({ name: "bench", version: "1.0.0" }) as Client;
    await client.connect(new StdioClientTransport({ command: interpreter(), args: [workPath("mcp_server.py")], stderr: "ignore" }));
    this.#client = client;
  }

  async call(name: WorkName, argument: number | string): Promise<unknown> {
    const { structuredContent, content } = await this.#tool(name, argument);
    return structuredContent?.result ?? content[0]?.text;
  }

  nap(): Nap {
    const controller = new AbortController();
    return { settled: this.#tool("nap", 10, controller.signal), cancel: () => controller.abort() };
  }

  async stop(): Promise<void> {
    await this.#client?.close();
  }

  #tool(name: string, argument: number | string, signal?: AbortSignal): Promise<ToolResult> {
    return this.#client!.callTool({ name, arguments: { argument } }, undefined, { signal, timeout: 60_000 });
  }
}
