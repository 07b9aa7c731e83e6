// flags: --allow-read=$REPO/out,$REPO/examples/shared --allow-write=$REPO/out --allow-env=TMPDIR,TMP,TEMP
// plugin: spectrogram.json
/**
 * A recording goes to numpy as an array, its spectrogram comes back as one, and becomes a picture: neither passes through JSON.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { type FileResult, RemotePluginProxy } from "@remote-plugin/proxy";
import type { NdArray } from "@remote-plugin/proxy/protocol";
import { WavFile } from "../demo/wav.ts";
import { Checks } from "../shared/checks.ts";
import { orSkip, tellStep } from "../shared/environment.ts";
import { readSentences, SPEECH_WAV } from "../shared/recording.ts";
import { heatColour, pngOf } from "./png.ts";

const MANIFEST = fromFileUrl(new URL("spectrogram.json", import.meta.url));
const PICTURE = fromFileUrl(new URL("../../out/spectrogram.png", import.meta.url));
const STEP = 128;
const WINDOW = 512;

async function main(): Promise<void> {
  using wav = await WavFile.open(SPEECH_WAV);
  const { rate } = wav;
  const samples = await wav.read(wav.length);
  const recording = Int16Array.from(samples, (sample) => Math.round(sample * 32768));
  await using plugin = await RemotePluginProxy.start(MANIFEST, { onEnvironment: tellStep });
  // The plugin gets the path of a .npy file, which is gone when the call has ended.
  const begun = performance.now();
  await using result = await plugin.execute<FileResult>({ samples: recording, window: WINDOW, step: STEP });
  const spectrogram = await result.array("float32");
  const elapsed = performance.now() - begun;
  const [pitches = 0, times = 0] = spectrogram.shape;
  console.log(
    `${recording.length} samples went to numpy, ${pitches} × ${times} decibels came back in ${elapsed.toFixed(0)} ms, by the file`,
  );
  console.log(`  ${result.path}`);
  await Deno.writeFile(PICTURE, await pictureOf(spectrogram));
  console.log(`The picture is in\n  ${PICTURE}\n`);
  for (const line of sketch(spectrogram)) console.log(`  ${line}`);
  await check(spectrogram, { samples: recording.length, rate });
}

type Spectrogram = NdArray<Float32Array>;

/** Low pitches at the bottom, loud ones bright. */
function pictureOf({ data, shape: [height = 0, width = 0] }: Spectrogram): Promise<Uint8Array> {
  return pngOf({ width, height, colourAt: (x, y) => heatColour((data[(height - 1 - y) * width + x]! + 60) / 90) });
}

/** The same in characters, four times as coarse and more. */
function* sketch(spectrogram: Spectrogram): Generator<string> {
  const [pitches = 0, times = 0] = spectrogram.shape;
  const [rows, columns] = [12, 100];
  for (let row = rows - 1; row >= 0; row--) {
    const cells = Array.from({ length: columns }, (_, column) => {
      const [low, high] = [Math.floor(row * pitches / 2 / rows), Math.floor((row + 1) * pitches / 2 / rows)];
      const loud = loudness(spectrogram, [low, high], [column / columns * times, (column + 1) / columns * times]);
      return " .:-=+*#%@"[Math.max(0, Math.min(9, Math.floor((loud + 35) / 6)))];
    });
    yield cells.join("");
  }
}

/** The mean of the decibels between two rows and two columns. */
function loudness({ data, shape }: Spectrogram, [low, high]: readonly [number, number], [from, to]: readonly [number, number]): number {
  const width = shape[1]!;
  let [sum, count] = [0, 0];
  for (let row = low; row < high; row++) {
    for (let column = Math.floor(from); column < Math.floor(to); column++, count++) sum += data[row * width + column]!;
  }
  return sum / count;
}

async function check(spectrogram: Spectrogram, { samples, rate }: { samples: number; rate: number }): Promise<void> {
  const checks = new Checks();
  const expected = [WINDOW / 2 + 1, Math.floor((samples - WINDOW) / STEP) + 1];
  checks.that("the spectrogram has a row a frequency and a column a step", String(spectrogram.shape) === String(expected));
  const sentences = await readSentences();
  const column = (seconds: number) => seconds * rate / STEP;
  const rows = [1, 64] as const;
  const spoken = sentences.map(({ start, end }) => loudness(spectrogram, rows, [column(start), column(end)]));
  const pauses = sentences.slice(1).map(({ start }, i) => loudness(spectrogram, rows, [column(sentences[i]!.end), column(start) - 4]));
  const [quietest, loudest] = [Math.min(...spoken), Math.max(...pauses)];
  const figures = `${quietest.toFixed(1)} dB and ${loudest.toFixed(1)} dB`;
  checks.that(`every sentence is louder than every pause (${figures})`, quietest > loudest + 6, figures);
  const png = await Deno.readFile(PICTURE);
  checks.that("the picture is a PNG", new TextDecoder().decode(png.subarray(1, 4)) === "PNG");
  checks.report();
}

await orSkip(main);
