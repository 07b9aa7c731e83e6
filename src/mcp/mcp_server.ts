/**
 * A manager's plugins for MCP clients: assistants, editors.
 *
 * @module
 */
import {
  type CallToolRequest,
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
  type Tool,
} from "@modelcontextprotocol/server";
import type { PluginManager } from "../manager/plugin_manager.ts";
import { nameHint } from "../manifest/nearest_name.ts";
import { isMethodEndpoint, methodName } from "../protocol/endpoints.ts";
import { PACKAGE_VERSION } from "../protocol/version.ts";
import { traceFrom } from "../protocol/telemetry.ts";
import { callTool } from "./call_tool.ts";
import type { WatchCall } from "./call_watch.ts";
import { ProgressNotes } from "./progress_notes.ts";
import { failure } from "./tool_result.ts";
import { messageOf } from "../protocol/text.ts";
import { type PluginTool, ToolCatalog } from "./tool_catalog.ts";
import type { ClientFiles } from "./tool_schema.ts";

/** How plugins are offered. */
export interface McpOptions {
  /** Where the files of clients are. */
  readonly files: ClientFiles;
  /** The one plugin that is offered. Default: all. */
  readonly only?: string | undefined;
  /** The folder to which the files of results are copied. Default: they are content alone. */
  readonly folder?: string | undefined;
  /** What to do about a file for which a result has no room, as a sentence. */
  readonly largeFileAdvice: string;
  /** Called with the error of a plugin that cannot be asked what it takes, and is therefore no tool. */
  readonly onProblem?: (plugin: string, error: unknown) => void;
  /** What a client is told of an error. Default: its message. */
  readonly describe?: (error: unknown) => string;
  /** Who follows the calls. Default: nobody. */
  readonly watch?: WatchCall;
}

/** Makes the servers of all connections, which have the same tools. */
export class McpServers implements AsyncDisposable {
  readonly #manager: PluginManager;
  readonly #options: McpOptions;
  readonly #catalog: ToolCatalog;
  readonly #listeners = new Set<() => void>();

  /** The manager stays its owner's. */
  constructor(manager: PluginManager, options: McpOptions) {
    this.#manager = manager;
    this.#options = options;
    const { files, only, onProblem = () => {} } = options;
    const onChange = () => this.#listeners.forEach((tell) => tell());
    this.#catalog = new ToolCatalog(manager, { files, only, onChange, onProblem });
  }

  /** Tells of every change of the tools, until it is told to stop. */
  onChange(tell: () => void): Disposable {
    this.#listeners.add(tell);
    return { [Symbol.dispose]: () => void this.#listeners.delete(tell) };
  }

  /** Resolves when the manager has ended. */
  get ended(): Promise<void> {
    return this.#catalog.ended;
  }

  /** A server for one connection or one request, whose client is called so where that is known. */
  make(client?: string): Server {
    const server = new Server({ name: "remote-plugin", version: PACKAGE_VERSION }, {
      capabilities: { tools: { listChanged: true } },
      debouncedNotificationMethods: ["notifications/tools/list_changed"],
    });
    server.setRequestHandler("tools/list", async () => ({ tools: (await this.#catalog.list()).map(asTool) }));
    server.setRequestHandler("tools/call", ({ params }, context) => this.#call({ server, client }, params, context));
    return server;
  }

  /** Asks plugins for nothing any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
    await this.#catalog[Symbol.asyncDispose]();
  }

  async #call({ server, client }: Connection, params: CallToolRequest["params"], context: ServerContext): Promise<CallToolResult> {
    const { mcpReq: { signal, _meta }, http } = context;
    const { describe = messageOf, watch: begin } = this.#options;
    let tool: PluginTool | undefined;
    try {
      tool = await this.#catalog.find(params.name);
    } catch (error) {
      return failure(describe(error));
    }
    if (tool === undefined) throw await this.#unknown(params.name);
    await using notes = progressNotes(context.mcpReq);
    const traceContext = traceFrom((name) => textOf(_meta?.[name]) ?? http?.req?.headers.get(name) ?? undefined);
    const watch = begin?.({ ...tool, client, request: http?.req });
    const call = { arguments: params.arguments ?? {}, signal, traceContext, notes, watch };
    const result = await callTool(tool, call, { ...this.#options, describe, manager: this.#manager });
    return result.isError ? result : server.projectCallToolResult(result, tool.output);
  }

  async #unknown(name: string): Promise<ProtocolError> {
    const names = await this.#catalog.names();
    const hint = names.length === 0 ? "There is none at all" : nameHint(name, names);
    return new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool "${name}". ${hint}`);
  }
}

/** A server, and whose it is. */
interface Connection {
  readonly server: Server;
  readonly client: string | undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function asTool({ name, plugin, endpoint, description, input: inputSchema, output }: PluginTool): Tool {
  const title = isMethodEndpoint(endpoint) ? `${plugin}: ${methodName(endpoint)}` : plugin;
  const outputSchema = output as Tool["outputSchema"];
  return { name, title, description, inputSchema, ...outputSchema === undefined ? {} : { outputSchema } };
}

/** Tells the client of progress that it has asked for. Whoever has gone needs to know no more. */
function progressNotes({ _meta, notify }: ServerContext["mcpReq"]): ProgressNotes | undefined {
  const progressToken = _meta?.progressToken;
  if (progressToken === undefined) return undefined;
  return new ProgressNotes((note) => notify({ method: "notifications/progress", params: { progressToken, ...note } }).catch(() => {}));
}
