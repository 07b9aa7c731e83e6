/**
 * MCP on standard input and output, as an editor or an assistant starts a server.
 *
 * @module
 */
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import process from "node:process";
import type { Server } from "@modelcontextprotocol/server";
import type { PluginManager } from "../manager/plugin_manager.ts";
import { type McpOptions, McpServers } from "./mcp_server.ts";

/** The longest message of a client, in bytes: files come inside it. */
const MAX_MESSAGE_BYTES = 128 * 1024 * 1024;

const LARGE_FILE_ADVICE = 'The server copies files to a folder when it is started with "--save FOLDER"';

/** What a server on standard input and output is told. */
export interface StdioOptions extends Omit<McpOptions, "files" | "largeFileAdvice"> {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Called with what a client has sent that is no message of the protocol. */
  readonly onNonsense?: (error: Error) => void;
}

/** Serves one client, until it closes standard input or the signal is aborted. Nothing else may write to standard output meanwhile. */
export async function serveOnStdio(manager: PluginManager, { signal, onNonsense, ...options }: StdioOptions): Promise<void> {
  await using servers = new McpServers(manager, { ...options, files: "local", largeFileAdvice: LARGE_FILE_ADVICE });
  const transport = new ToldTransport();
  let server: Server | undefined;
  const handle = serveStdio(() => server = servers.make(), { transport, onerror: onNonsense });
  using _changes = servers.onChange(() => void server?.sendToolListChanged().catch(() => {}));
  signal.addEventListener("abort", () => void transport.close(), { once: true });
  if (signal.aborted) await transport.close();
  await transport.closed;
  await handle.close();
}

/** Tells when its client has gone. */
class ToldTransport extends StdioServerTransport {
  readonly #closed = Promise.withResolvers<void>();

  constructor() {
    super(process.stdin, process.stdout, { maxBufferSize: MAX_MESSAGE_BYTES });
  }

  /** Resolves when it is closed, by whomever. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  override async close(): Promise<void> {
    await super.close();
    this.#closed.resolve();
  }
}
