/**
 * Makes the calls of a recording once more, and compares what comes of them.
 *
 * @module
 */
import type { CallOptions, Kwargs, PluginConfig } from "../../plugin/interface.ts";
import type { PluginInterface } from "../../plugin/members.ts";
import { messageOf } from "../../protocol/text.ts";
import { decodeValue, FILE_TYPE } from "../../protocol/decode_value.ts";
import { type Difference, type DifferenceOptions, differences, isWhole } from "./differences.ts";
import { bytesOf, type FileStore, HASHES, RecordingFolder } from "./files.ts";
import { invalid, type RecordedCall, type Recording, RECORDING_VERSION } from "./format.ts";
import { fileOf } from "./inputs.ts";
import { Recorder } from "./recorder.ts";
import { write } from "./write.ts";

/** How a recording is compared with its plugin. */
export interface CheckOptions extends DifferenceOptions, Pick<CallOptions, "signal" | "timeoutMs"> {
  /** Whether what comes takes the place of what was recorded. Default: false. */
  readonly updates?: boolean;
}

/** A call that was made once more. */
export interface CheckedCall {
  readonly call: RecordedCall;
  /** What is not as it was recorded. */
  readonly differences: readonly Difference[];
}

/** A recording, and where it lies. */
export interface RecordingAt {
  readonly path: string;
  readonly recording: Recording;
}

/** The calls of a recording, made once more in their order. Those that their callers had given up are passed over. */
export async function* checkRecording(
  { path, recording }: RecordingAt,
  plugin: PluginInterface,
  { updates = false, signal, timeoutMs, tolerance }: CheckOptions = {},
): AsyncGenerator<CheckedCall, void, void> {
  const folder = new RecordingFolder(path);
  const files: FileStore = updates ? folder : HASHES;
  const calls: RecordedCall[] = [];
  for (const call of recording.calls) {
    if (!isWhole(call)) {
      calls.push(call);
      continue;
    }
    const recorder = new Recorder(plugin.name, files);
    await make(call, { path, plugin, recorder, options: { signal, timeoutMs } });
    signal?.throwIfAborted();
    calls.push(...recorder.calls);
    yield { call, differences: differences(call, recorder.calls[0]!, { tolerance }) };
  }
  if (!updates) return;
  const { name, version } = plugin;
  const renewed = { ...recording, recording: RECORDING_VERSION, plugin: { name, version }, calls } as Recording;
  await write(path, renewed);
  await folder.prune(renewed);
}

interface Making {
  readonly path: string;
  readonly plugin: PluginInterface;
  readonly recorder: Recorder;
  readonly options: CallOptions;
}

/** How it ends is the recorder's to tell. */
async function make(call: RecordedCall, { path, plugin, recorder, options }: Making): Promise<void> {
  const { member, method } = call;
  const { args, kwargs } = await argumentsOf(path, call);
  const made = { member, method, kwargs, options: { ...options, args } };
  const words = method === undefined ? [] : [method];
  const own = Reflect.get(plugin, member, plugin);
  const run = (given: Kwargs = kwargs, callOptions: CallOptions = {}) => own.call(plugin, ...words, given, callOptions);
  try {
    if (member === "initialize" || member === "reconfigure") {
      await recorder.configure(member, kwargs, (config: PluginConfig) => run(config, options));
    } else if (member === "executeStream" || member === "stream") await Array.fromAsync(recorder.stream(made, run));
    else await recorder.run(made, run);
  } catch (error) {
    if (recorder.calls.length === 0) throw error;
  }
}

async function argumentsOf(
  path: string,
  { arguments: { types, ...values }, files = [] }: RecordedCall,
): Promise<{ args: unknown[]; kwargs: Kwargs }> {
  const inputs = new Map<string, object>();
  for (const file of files) inputs.set(file.at, fileOf(await bytesOf(path, file), file.extension));
  const places = Object.fromEntries(files.map(({ at }) => [at, FILE_TYPE]));
  try {
    return decodeValue(structuredClone(values), { ...types, ...places }, { file: (_, at) => inputs.get(at) }) as {
      args: unknown[];
      kwargs: Kwargs;
    };
  } catch (cause) {
    throw invalid(path, messageOf(cause), { cause });
  }
}
