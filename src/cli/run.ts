/** `run`: calls a plugin once. @module */
import type { CallOptions, Kwargs, PluginInterface } from "../plugin/interface.ts";
import { readArguments } from "./_arguments.ts";
import type { Context } from "./_context.ts";
import { UsageError } from "./_exit.ts";

/** The options of `run`. */
export interface RunOptions {
  readonly stream?: boolean;
  readonly logs?: boolean;
  readonly kwargs?: string;
  readonly task?: string;
  readonly timeout?: string;
}

/** Calls a plugin with the arguments of the command line, and prints what it gives. */
export async function run(context: Context, words: readonly string[], options: RunOptions): Promise<void> {
  const { terminal, signal } = context;
  const [reference, ...rest] = words;
  if (reference === undefined) throw new UsageError("Which plugin? Write run PLUGIN, or see list");
  const { manager, plugin } = await context.openManager(reference, { onLog: context.logWriter(options.logs ?? false) });
  await using _manager = manager;
  const { args, kwargs } = readArguments(rest);
  await using files = new AsyncDisposableStack();
  const all = await withStandardInput({ ...readObject(options.kwargs), ...kwargs }, files);
  const onProgress = ({ progress, message }: { progress: number; message: string }) => terminal.progress(progress, message);
  const call = { args, signal, onProgress, timeoutMs: readSeconds(options.timeout) };
  try {
    const handle = manager.get(plugin);
    if (options.task !== undefined) terminal.result(await runTask(handle, options.task, { kwargs: all, call }));
    else await print(context, { handle, kwargs: all, call, stream: options.stream ?? false });
  } finally {
    terminal.clearProgress();
  }
}

interface Call {
  readonly handle: PluginInterface;
  readonly kwargs: Kwargs;
  readonly call: CallOptions;
  readonly stream: boolean;
}

async function print({ terminal }: Context, { handle, kwargs, call, stream }: Call): Promise<void> {
  if (!stream) return terminal.result(await handle.execute(kwargs, call));
  for await (const chunk of handle.executeStream(kwargs, call)) terminal.result(chunk);
}

/** Calls a task adapter of the original, which takes keyword arguments alone. */
async function runTask(handle: PluginInterface, place: string, { kwargs, call }: Pick<Call, "kwargs" | "call">): Promise<unknown> {
  const [, task, method] = /^(.+)\.(\w+)$/.exec(place) ?? [];
  if (task === undefined) throw new UsageError(`--task is TASK.METHOD, for example segmentation.segment_text, not "${place}"`);
  if (call.args !== undefined && call.args.length > 0) throw new UsageError("A task takes arguments by name alone. Write --name value");
  return await handle.extension("task", { task, method, kwargs }, call);
}

/** A plugin gets data as files: what comes by standard input is put into one, whose path is the argument. */
async function withStandardInput(kwargs: Record<string, unknown>, files: AsyncDisposableStack): Promise<Record<string, unknown>> {
  const name = Object.keys(kwargs).find((key) => kwargs[key] === "-");
  if (name === undefined) return kwargs;
  const path = await Deno.makeTempFile({ prefix: "remote-plugin-stdin-" });
  files.defer(() => Deno.remove(path));
  await Deno.writeFile(path, Deno.stdin.readable);
  return { ...kwargs, [name]: path };
}

function readObject(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below, as any other value that is no object.
  }
  throw new UsageError(`--kwargs must be a JSON object, not ${text}`);
}

/** Seconds as milliseconds. */
function readSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!(seconds > 0)) throw new UsageError(`--timeout must be a number of seconds, not "${text}"`);
  return 1_000 * seconds;
}
