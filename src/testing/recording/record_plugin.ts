/**
 * Records what goes between a host and a plugin.
 *
 * @module
 */
import { dirname } from "@std/path";
import { PluginError, PluginStateError } from "../../errors.ts";
import type { PluginInterface } from "../../plugin/members.ts";
import type { OperationOptions, PluginConfig } from "../../plugin/interface.ts";
import { withCalls } from "../with_calls.ts";
import { RecordingFolder } from "./files.ts";
import { invalid, readRecording, type Recording, RECORDING_VERSION } from "./format.ts";
import { Recorder } from "./recorder.ts";
import { write } from "./write.ts";

/** How a recording is made. */
export interface RecordOptions {
  /** Whether the calls come behind those of the recording that is there. Default: false, they take its place. */
  readonly append?: boolean;
}

/**
 * The same plugin, whose calls are written to a file when it is cleaned up or disposed of: arguments, progress, chunks, results, errors, their times, and beside
 * the file, in a folder of its name, the files that were given and got. `replayPlugin` answers from it, and `remote-plugin test` compares it with the plugin.
 *
 * @param path Where to, for example `talk.json`, whose files lie in `talk.files`.
 * @throws {PluginError} With the code `invalid_recording`, when there is a folder at that path, or when it is to come behind what is no recording, or one of
 * another plugin.
 *
 * @example
 * ```ts no-eval
 * import { RemotePluginProxy } from "@remote-plugin/proxy";
 * import { recordPlugin } from "@remote-plugin/proxy/testing";
 *
 * await using plugin = await recordPlugin(await RemotePluginProxy.start("./whisper.json"), "talk.json");
 * console.log(await plugin.execute({ audio: new URL("./talk.wav", import.meta.url) }));
 * ```
 */
export async function recordPlugin<Plugin extends PluginInterface>(
  plugin: Plugin,
  path: string,
  { append = false }: RecordOptions = {},
): Promise<Plugin> {
  if (!("initialize" in plugin) || Symbol.dispose in plugin) {
    throw new PluginStateError("Cannot record a blocking plugin. Record it by RemotePluginProxy", { plugin: "plugin" });
  }
  const { name, version } = plugin;
  await prepare(path);
  const before = append ? await earlier(path, name) : [];
  const folder = new RecordingFolder(path);
  const recorder = new Recorder(name, folder);
  const surface = await surfaceOf(plugin);
  let ending: Promise<void> | undefined;
  const end = async () => {
    await plugin.cleanup();
    await recorder.settled();
    const calls = [...before, ...recorder.calls];
    const recording: Recording = { recording: RECORDING_VERSION, plugin: { name, version }, ...surface, calls };
    await write(path, recording);
    await folder.prune(recording);
  };
  const cleanup = () => ending ??= end();
  const configuring = (member: "initialize" | "reconfigure") => (config: PluginConfig = {}, options?: OperationOptions) =>
    recorder.configure(member, config, (given) => plugin[member](given, options));
  return withCalls(plugin, {
    run: (call, make) => recorder.run(call, make),
    stream: (call, make) => recorder.stream(call, make),
    runBlocking: unreachable,
    streamBlocking: unreachable,
    members: {
      initialize: configuring("initialize"),
      reconfigure: configuring("reconfigure"),
      cleanup,
      [Symbol.asyncDispose]: cleanup,
    },
  });
}

/** What would keep the recording from being written in the end is told in the beginning. */
async function prepare(path: string): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const there = await Deno.stat(path).catch(() => undefined);
  if (there?.isDirectory) throw invalid(path, "it is a folder");
}

function unreachable(): never {
  throw new TypeError("A blocking plugin is not recorded");
}

async function earlier(path: string, name: string): Promise<Recording["calls"]> {
  const there = await Deno.lstat(path).catch((error) => error instanceof Deno.errors.NotFound ? undefined : Promise.reject(error));
  if (there === undefined) return [];
  const { plugin, calls } = await readRecording(path);
  if (plugin.name === name) return calls;
  const message = `Cannot record "${name}" behind what is in "${path}": that is a recording of "${plugin.name}"`;
  throw new PluginError("invalid_recording", message, { plugin: name });
}

/** What a plugin says of itself that its callers may ask. One that says nothing is recorded all the same. */
async function surfaceOf(plugin: PluginInterface): Promise<Pick<Recording, "signatures" | "config_schema">> {
  const [signatures, configSchema] = await Promise.all([
    plugin.getSignatures().catch(() => undefined),
    plugin.getConfigSchema().catch(() => undefined),
  ]);
  return JSON.parse(JSON.stringify({ signatures, config_schema: configSchema }));
}
