/**
 * One call of a tool.
 *
 * @module
 */
import type { CallToolResult } from "@modelcontextprotocol/server";
import type { PluginManager } from "../manager/plugin_manager.ts";
import type { CallOptions } from "../plugin/interface.ts";
import { messageOf } from "../protocol/text.ts";
import type { ProgressNotes } from "./progress_notes.ts";
import { readToolArguments, ToolArgumentsError } from "./tool_arguments.ts";
import type { PluginTool } from "./tool_catalog.ts";
import { failure, ToolResult } from "./tool_result.ts";
import type { ClientFiles } from "./tool_schema.ts";

/** What a call is made with. */
export interface ToolCall {
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Aborted when the client cancels it, or has gone. */
  readonly signal: AbortSignal;
  /** Who is told how far it has come, if anybody is. */
  readonly notes: ProgressNotes | undefined;
}

/** What all calls are made with. */
export interface ToolCallSettings {
  readonly manager: PluginManager;
  readonly files: ClientFiles;
  /** The folder to which files of results are copied, if there is one. */
  readonly folder?: string | undefined;
  /** What to do about a file for which a result has no room, as a sentence. */
  readonly largeFileAdvice: string;
}

/** Calls a plugin. What it refuses, and what fails in it, is a result for whoever has called to read. */
export async function callTool(tool: PluginTool, call: ToolCall, settings: ToolCallSettings): Promise<CallToolResult> {
  const { signal, notes } = call;
  const { manager, files } = settings;
  try {
    const { args, kwargs } = await readToolArguments(call.arguments, { ...tool, files });
    const options: CallOptions = { args, signal, onProgress: (report) => notes?.report(report) };
    const plugin = manager.get(tool.plugin);
    const result = new ToolResult({ ...settings, output: tool.output });
    if (tool.endpoint === "execute") return await result.of(await plugin.execute(kwargs, options));
    return await result.ofStream(plugin.executeStream(kwargs, options), (line) => notes?.chunk(line));
  } catch (error) {
    // Nobody reads the result of a call that was given up.
    signal.throwIfAborted();
    return failure(error instanceof ToolArgumentsError ? error.message : messageOf(error));
  }
}
