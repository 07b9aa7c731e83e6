/** `test`: makes recorded calls of a plugin once more, and shows what differs. @module */
import { dirname, join, relative } from "@std/path";
import type { PluginManager } from "../../manager/plugin_manager.ts";
import { type CheckedCall, checkRecording, type RecordingAt } from "../../testing/recording/check_recording.ts";
import { readRecording, type RecordedCall } from "../../testing/recording/format.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../exit.ts";
import { counted } from "../output/counted.ts";
import { green, red, yellow } from "../output/painted.ts";
import { readSeconds } from "./run.ts";

/** The options of `test`. */
export interface TestOptions {
  readonly update?: boolean;
  readonly tolerance?: string;
  readonly timeout: string;
  readonly logs?: boolean;
}

/** The folder beside a manifest in which recordings lie. */
export const RECORDINGS = "recordings";

/** How many differences of a call are shown. */
const MOST_SHOWN = 5;

/** How much of a call's arguments is shown, in characters. */
const MOST_CHARACTERS = 60;

/** Makes the calls of recordings once more. False when an answer differs, and was not written in the place of the recorded one. */
export async function test(
  context: Context,
  reference: string,
  { paths, ...options }: TestOptions & { readonly paths: readonly string[] },
): Promise<boolean> {
  const { terminal, signal } = context;
  const [timeoutMs, tolerance] = [readSeconds(options.timeout), readTolerance(options.tolerance)];
  // What somebody has configured is not part of a recording.
  const { manager, plugin } = await context.openManager(reference, {
    onLog: context.logWriter(options.logs ?? false),
    configDir: undefined,
  });
  await using _manager = manager;
  const recordings = await recordingsOf(manager, { plugin, reference, paths });
  const count = { all: 0, differing: 0 };
  for (const at of recordings) {
    noteVersion(context, manager, at);
    for await (const checked of checkRecording(at, manager.get(plugin), { updates: options.update, tolerance, timeoutMs, signal })) {
      count.all++;
      if (checked.differences.length > 0) count.differing++;
      show(context, at, checked);
    }
    // Each recording begins with a plugin that has done nothing.
    await manager.unload(plugin, { force: true });
  }
  const { all, differing } = count;
  if (differing === 0) terminal.line(green(`${counted(all, "call")} as recorded`));
  else {
    const what = `${differing} of ${counted(all, "call")} ${differing === 1 ? "differs" : "differ"} from what was recorded`;
    terminal.line(options.update ? yellow(`${what}, and ${differing === 1 ? "is" : "are"} recorded anew`) : red(what));
  }
  return differing === 0 || options.update === true;
}

/** Those of other plugins are passed over in the folder, for several scripts may lie beside it. */
async function recordingsOf(
  manager: PluginManager,
  { plugin, reference, paths }: { readonly plugin: string; readonly reference: string; readonly paths: readonly string[] },
): Promise<RecordingAt[]> {
  const { name, source } = manager.info(plugin);
  const all = paths.length > 0 ? paths : await found(source);
  const recordings = await Promise.all(all.map(async (path) => ({ path, recording: await readRecording(path) })));
  const own = recordings.filter(({ recording }) => recording.plugin.name === name);
  const foreign = recordings.find((one) => !own.includes(one));
  if (foreign !== undefined && paths.length > 0) {
    throw new UsageError(`"${foreign.path}" is a recording of "${foreign.recording.plugin.name}", not of "${name}"`);
  }
  if (own.length > 0) return own;
  const path = shortPath(join(dirname(source ?? ""), RECORDINGS, "first.json"));
  throw new UsageError(`There is no recording of "${name}". Make one: remote-plugin run ${reference} --record ${path}`);
}

async function found(manifest: string | undefined): Promise<string[]> {
  if (manifest === undefined) return [];
  const folder = join(dirname(manifest), RECORDINGS);
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  return entries.filter(({ name }) => name.endsWith(".json")).map(({ name }) => join(folder, name)).sort();
}

function noteVersion({ terminal }: Context, manager: PluginManager, { path, recording: { plugin } }: RecordingAt): void {
  const { name, version } = manager.info(plugin.name);
  if (version !== plugin.version) {
    terminal.note(yellow(`"${shortPath(path)}" was recorded from "${name}" ${plugin.version}, and this is ${version}`));
  }
}

function show({ terminal }: Context, { path }: RecordingAt, { call, differences }: CheckedCall): void {
  const recording = shortPath(path);
  const { member, method, arguments: { args, kwargs } } = call;
  if (terminal.json) return terminal.result({ recording, member, method, args, kwargs, differences });
  const mark = differences.length === 0 ? green("ok     ") : red("differs");
  terminal.line(mark, ` ${recording}: ${callText(call)}`);
  for (const { place, recorded, came } of differences.slice(0, MOST_SHOWN)) {
    terminal.line(`          ${place}: ${recorded} was recorded, and ${came} came`);
  }
  if (differences.length > MOST_SHOWN) terminal.line(`          and ${differences.length - MOST_SHOWN} more`);
}

function callText({ member, method = member, arguments: { args, kwargs } }: RecordedCall): string {
  const given = [
    ...args.map((arg) => JSON.stringify(arg)),
    ...Object.entries(kwargs).map(([name, value]) => `--${name} ${JSON.stringify(value)}`),
  ].join(" ");
  return `${method} ${given.length > MOST_CHARACTERS ? `${given.slice(0, MOST_CHARACTERS)}…` : given}`.trimEnd();
}

function shortPath(path: string): string {
  const short = relative(".", path);
  return short.startsWith("..") ? path : short;
}

function readTolerance(text: string | undefined): number {
  const tolerance = Number(text ?? 0);
  if (text?.trim() !== "" && tolerance >= 0 && tolerance < 1) return tolerance;
  throw new UsageError(`--tolerance is a share from 0 to below 1, for example 1e-6, not "${text}"`);
}
