/**
 * Finds where somebody speaks in a WAV recording: a plugin for a Deno process that may read this one file.
 *
 * @module
 */
// A plugin outside this repository imports "@remote-plugin/proxy/worker".
import { type CallContext, definePlugin } from "../../src/worker/mod.ts";
import { WavFile } from "./wav.ts";
import { DEFAULT_SETTINGS, Detector, LevelMeter, type Segment, type Settings } from "./voice_activity.ts";

/** What is read at once, and the step of the progress: half a second. */
const BLOCK_FRAMES = 25;

class SpeechSegments {
  readonly name = "speech-segments-deno";
  readonly version = "1.0.0";
  #settings: Settings = DEFAULT_SETTINGS;

  initialize(config: Record<string, unknown>): void {
    this.#settings = checkedSettings(config);
  }

  getConfigSchema(): Record<string, unknown> {
    const properties = Object.entries(DEFAULT_SETTINGS).map(([key, value]) => [key, { type: "number", default: value }]);
    return { type: "object", properties: Object.fromEntries(properties), additionalProperties: false };
  }

  getCurrentConfig(): Record<string, unknown> {
    return { ...this.#settings };
  }

  /** All segments of the recording. */
  execute(kwargs: { audio: string }, context: CallContext): Promise<Segment[]> {
    return Array.fromAsync(this.executeStream(kwargs, context));
  }

  /** Each segment as soon as the pause after it is long enough. */
  async *executeStream({ audio }: { audio: string }, { reportProgress, signal }: CallContext): AsyncGenerator<Segment, void, void> {
    using recording = await WavFile.open(audio);
    const meter = new LevelMeter(recording.rate);
    const detector = new Detector(this.#settings);
    for (let done = 0; done < recording.length;) {
      signal.throwIfAborted();
      const samples = await recording.read(meter.frameLength * BLOCK_FRAMES);
      if (samples.length === 0) break;
      for (const level of meter.levels(samples)) yield* detector.push(level);
      done += samples.length;
      const [now, end] = [done, recording.length].map((samples) => (samples / recording.rate).toFixed(1));
      reportProgress(done / recording.length, `${now} of ${end} s`);
    }
    yield* detector.finish();
  }
}

function checkedSettings(config: Record<string, unknown>): Settings {
  for (const [key, value] of Object.entries(config)) {
    if (!(key in DEFAULT_SETTINGS)) throw new TypeError(`There is no setting "${key}", only ${Object.keys(DEFAULT_SETTINGS).join(", ")}`);
    if (typeof value !== "number" || !Number.isFinite(value)) throw new TypeError(`The setting "${key}" must be a number`);
  }
  const settings: Settings = { ...DEFAULT_SETTINGS, ...config };
  if (settings.release_db > settings.onset_db) {
    throw new RangeError("The release level is above the onset level, so that speech would end where it begins");
  }
  return settings;
}

export default definePlugin(new SpeechSegments());
