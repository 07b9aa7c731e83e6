/**
 * One call of a tool.
 *
 * @module
 */
import type { CallToolResult } from "@modelcontextprotocol/server";
import { CallCancelledError } from "../errors.ts";
import type { PluginManager } from "../manager/plugin_manager.ts";
import type { CallOptions } from "../plugin/interface.ts";
import { isMethodEndpoint, methodName } from "../protocol/endpoints.ts";
import type { TraceContext } from "../protocol/telemetry.ts";
import type { CallWatch } from "./call_watch.ts";
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
  /** The trace that it belongs to, if there is one. */
  readonly traceContext: TraceContext | undefined;
  /** Who is told how far it has come, if anybody is. */
  readonly notes: ProgressNotes | undefined;
  /** Who follows it, if anybody does. */
  readonly watch: CallWatch | undefined;
}

/** What all calls are made with. */
export interface ToolCallSettings {
  readonly manager: PluginManager;
  readonly files: ClientFiles;
  /** The folder to which files of results are copied, if there is one. */
  readonly folder?: string | undefined;
  /** What to do about a file for which a result has no room, as a sentence. */
  readonly largeFileAdvice: string;
  /** What a client is told of an error. */
  readonly describe: (error: unknown) => string;
}

/** Calls a plugin. What it refuses, and what fails in it, is a result for whoever has called to read. */
export async function callTool(tool: PluginTool, call: ToolCall, settings: ToolCallSettings): Promise<CallToolResult> {
  const { watch } = call;
  const signal = watch === undefined ? call.signal : AbortSignal.any([call.signal, watch.signal]);
  const result = new ToolResult({ ...settings, output: tool.output });
  let failed: unknown;
  try {
    return await outcomeOf({ tool, call, result, signal }, settings);
  } catch (error) {
    const { plugin } = tool;
    failed = call.signal.aborted ? new CallCancelledError(`The client of "${plugin}" has given its call up`, { plugin }) : error;
    // Nobody reads the result of a call that its client has given up.
    call.signal.throwIfAborted();
    return failure(error instanceof ToolArgumentsError ? error.message : settings.describe(error));
  } finally {
    watch?.end({ error: failed, bytes: result.bytes });
  }
}

interface RunningCall {
  readonly tool: PluginTool;
  readonly call: ToolCall;
  readonly result: ToolResult;
  readonly signal: AbortSignal;
}

async function outcomeOf({ tool, call, result, signal }: RunningCall, { manager, files }: ToolCallSettings): Promise<CallToolResult> {
  const { notes, traceContext, watch } = call;
  const { args, kwargs } = await readToolArguments(call.arguments, { ...tool, files });
  const options: CallOptions = { args, signal, traceContext, onProgress: (report) => notes?.report(report) };
  const plugin = manager.get(tool.plugin);
  if (isMethodEndpoint(tool.endpoint)) return await result.of(await plugin.call(methodName(tool.endpoint), kwargs, options));
  if (tool.endpoint === "execute") return await result.of(await plugin.execute(kwargs, options));
  return await result.ofStream(plugin.executeStream(kwargs, options), (line) => {
    watch?.chunk();
    notes?.chunk(line);
  });
}
