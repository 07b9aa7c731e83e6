/** `run`: calls a plugin once. @module */
import { fromFileUrl, toFileUrl } from "@std/path";
import { PrivateFolder } from "../../payload/private_folder.ts";
import { scratchRoot } from "../../permissions/required.ts";
import type { BoundsLevel } from "../../permissions/worker_grant.ts";
import type { CallOptions, Kwargs } from "../../plugin/interface.ts";
import type { PluginManager } from "../../manager/plugin_manager.ts";
import type { PluginInterface } from "../../plugin/members.ts";
import type { PermissionUse } from "../../process/permission_audit.ts";
import { green, red, yellow } from "../output/painted.ts";
import { fileAt, parseJson } from "../arguments/argument_types.ts";
import { chosenMethod } from "../arguments/chosen_method.ts";
import { isRecord } from "../../protocol/json.ts";
import { demandArguments, readArguments } from "../arguments/read_arguments.ts";
import { FileOutput } from "../output/file_output.ts";
import type { Context } from "../context.ts";
import { visibleLine } from "../output/visible.ts";
import { UsageError } from "../exit.ts";
import { type RayCommandOptions, rayLaunchers } from "../serving/ray_options.ts";

/** The options of `run`. */
export interface RunOptions extends RayCommandOptions {
  readonly stream?: boolean;
  readonly logs?: boolean;
  readonly kwargs?: string;
  readonly task?: string;
  readonly timeout?: string;
  readonly save?: string;
  readonly bounds?: BoundsLevel;
  readonly audit?: boolean;
  readonly record?: string;
}

/** Calls a plugin with the arguments of the command line, and prints what it gives. */
export async function run(context: Context, words: readonly string[], options: RunOptions): Promise<void> {
  const { terminal, signal } = context;
  const [reference, ...rest] = words;
  if (reference === undefined) throw new UsageError("Which plugin? Write run PLUGIN, or see list");
  const timeoutMs = readSeconds(options.timeout);
  const given = readObject(options.kwargs);
  const onLog = context.logWriter(options.logs ?? false);
  const { manager, plugin } = await context.openManager(reference, {
    onLog,
    bounds: options.bounds,
    ...await rayLaunchers(options),
    auditPermissions: options.audit ? (use) => noteUse(context, use) : undefined,
  });
  await using _manager = manager;
  await using handle = await recorded(manager, plugin, options.record);
  const signatures = await context.signaturesOf(manager, plugin);
  const isTask = options.task !== undefined;
  const { method, words: written, signature, nearly } = chosenMethod(rest, isTask ? undefined : signatures, options.stream ?? false);
  if (nearly !== undefined) terminal.note(yellow(`"${rest[0]}" is an argument here. The method of the nearest name is "${nearly}"`));
  const { args, kwargs } = readArguments(written, signature);
  await using files = new AsyncDisposableStack();
  const named = Object.entries({ ...given, ...kwargs }).map(([name, value]) => [name, withFiles(value)]);
  const all = await withStandardInput(Object.fromEntries(named), files);
  demandArguments({ args, kwargs: all }, signature);
  const onProgress = ({ progress, message }: { progress: number; message: string }) => terminal.progress(progress, message);
  try {
    const call = { args: args.map(withFiles), signal, onProgress, timeoutMs };
    const output = new FileOutput(terminal, { folder: options.save, isStream: options.stream });
    if (options.task !== undefined) await output.write(await runTask(handle, options.task, { kwargs: all, call }));
    else await print(handle, { method, kwargs: all, call, stream: options.stream ?? false, output });
  } finally {
    terminal.clearProgress();
  }
}

/** The plugin, whose calls are written to a recording where one is wanted: what it was configured with, and the call. */
async function recorded(manager: PluginManager, plugin: string, path: string | undefined): Promise<PluginInterface> {
  const handle = manager.get(plugin);
  if (path === undefined) return handle;
  // It is read and written when it is wanted, and not by every start.
  const { recordPlugin } = await import("../../testing/recording/record_plugin.ts");
  const recording = await recordPlugin(handle, path, { append: true });
  const config = await manager.getConfig(plugin);
  if (config !== undefined) await recording.initialize(config);
  return recording;
}

function noteUse({ terminal }: Context, { permission, value, allowed }: PermissionUse): void {
  terminal.note(allowed ? green("allowed") : red("refused"), ` ${permission}${value === undefined ? "" : ` ${visibleLine(value)}`}`);
}

interface Call {
  /** Which method is called; `undefined` for the plugin itself. */
  readonly method: string | undefined;
  readonly kwargs: Kwargs;
  readonly call: CallOptions;
  readonly stream: boolean;
  readonly output: FileOutput;
}

async function print(plugin: PluginInterface, { method, kwargs, call, stream, output }: Call): Promise<void> {
  if (!stream) return await output.write(await (method === undefined ? plugin.execute(kwargs, call) : plugin.call(method, kwargs, call)));
  const chunks = method === undefined ? plugin.executeStream(kwargs, call) : plugin.stream(method, kwargs, call);
  for await (const chunk of chunks) await output.write(chunk);
}

/** Calls a task adapter of the original, which takes keyword arguments alone. */
async function runTask(handle: PluginInterface, place: string, { kwargs, call }: Pick<Call, "kwargs" | "call">): Promise<unknown> {
  const [, task, method] = /^(.+)\.(\w+)$/.exec(place) ?? [];
  if (task === undefined) throw new UsageError(`--task is TASK.METHOD, for example segmentation.segment_text, not "${place}"`);
  if (call.args !== undefined && call.args.length > 0) throw new UsageError("A task takes arguments by name alone. Write --name value");
  return await handle.extension("task", { task, method, kwargs }, call);
}

/** A plugin gets data as files: what comes by standard input is put into one. */
async function withStandardInput(kwargs: Record<string, unknown>, files: AsyncDisposableStack): Promise<Record<string, unknown>> {
  const name = Object.keys(kwargs).find((key) => kwargs[key] === "-");
  if (name === undefined) return kwargs;
  const path = files.use(PrivateFolder.create(scratchRoot({}))).file("stdin");
  await Deno.writeFile(path, Deno.stdin.readable, { mode: 0o600 });
  return { ...kwargs, [name]: toFileUrl(path) };
}

/** A text that begins with "file:" stands for a file of this machine, wherever the plugin runs. */
function withFiles(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withFiles);
  return typeof value === "string" && value.startsWith("file:") ? fileAt(pathOf(value)) : value;
}

function pathOf(url: string): string {
  try {
    return fromFileUrl(new URL(url, toFileUrl(`${Deno.cwd()}/`)));
  } catch (cause) {
    throw new UsageError(`"${url}" names no file`, { cause });
  }
}

/** What `--kwargs` says. */
export function readObject(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  const value = parseJson(text);
  if (isRecord(value)) return value;
  throw new UsageError(`--kwargs must be a JSON object, not ${text}`);
}

/** Seconds as milliseconds. */
export function readSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!(seconds > 0)) throw new UsageError(`--timeout must be a number of seconds, not "${text}"`);
  return 1_000 * seconds;
}
