// flags: --allow-read=$REPO/examples/shared/speech.txt --allow-env=TMPDIR,TMP,TEMP
// plugin: transcribe.json
/**
 * Speech to text in an environment of its own, which the first start makes: PocketSphinx with its weights from PyPI transcribes a recording as a stream.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { RemotePluginProxy } from "@remote-plugin/proxy";
import { Checks } from "../shared/checks.ts";
import { orSkip, tellStep } from "../shared/environment.ts";
import { readSentences, SPEECH_WAV } from "../shared/recording.ts";
import { tableLines } from "../shared/table.ts";
import { bold, dim, ProgressBar } from "../shared/terminal.ts";
import { wordErrorRate } from "./word_errors.ts";

const MANIFEST = fromFileUrl(new URL("transcribe.json", import.meta.url));

/** On this recording PocketSphinx 5.1.1 makes no mistake, and 5 in 18 words when it listens with the least fitting settings that were tried. */
const WORST_WORD_ERROR_RATE = 0.25;

/** Something that was said between two pauses. Times are in seconds. */
interface Segment {
  readonly text: string;
  readonly words: readonly { readonly word: string; readonly start: number; readonly end: number }[];
}

async function main(): Promise<void> {
  report(await transcribe(), await readSentences());
}

async function transcribe(): Promise<Segment[]> {
  const begun = performance.now();
  await using plugin = await RemotePluginProxy.start(MANIFEST, { onEnvironment: tellStep });
  await plugin.initialize();
  console.log(`"${plugin.name}" is ready after ${since(begun)}\n\n${bold("Heard")}`);
  const segments: Segment[] = [];
  const calling = performance.now();
  using bar = new ProgressBar();
  for await (const segment of plugin.executeStream<Segment>({ audio: SPEECH_WAV }, { onProgress: (progress) => bar.update(progress) })) {
    segments.push(segment);
    const times = segment.words.map(({ word, start }) => `${word} ${dim(start.toFixed(2))}`);
    bar.print(`  ${since(calling)}  ${times.join("  ")}`);
  }
  return segments;
}

function report(segments: readonly Segment[], sentences: readonly { readonly text: string; readonly start: number }[]): void {
  const rows = Array.from({ length: Math.max(segments.length, sentences.length) }, (_, i) => {
    const words = segments[i]?.words ?? [];
    return [span(words), segments[i]?.text ?? "", sentences[i]?.start.toFixed(2) ?? "", sentences[i]?.text ?? ""];
  });
  console.log();
  for (const line of tableLines(["at (s)", "heard", "at (s)", "said"], rows)) console.log(`  ${line}`);
  const rate = wordErrorRate(textOf(sentences), textOf(segments));
  console.log(`\n  Word error rate: ${percent(rate)}`);
  const checks = new Checks();
  checks.that(`the word error rate is at most ${percent(WORST_WORD_ERROR_RATE)}`, rate <= WORST_WORD_ERROR_RATE, percent(rate));
  const words = segments.flatMap((segment) => segment.words);
  checks.that("the words come in order", words.every(({ start, end }, i) => end > start && start >= (words[i - 1]?.start ?? 0)));
  checks.report();
}

function textOf(parts: readonly { readonly text: string }[]): string {
  return parts.map(({ text }) => text).join(" ");
}

function span(words: Segment["words"]): string {
  return words.length === 0 ? "" : words[0]!.start.toFixed(2);
}

function since(begun: number): string {
  return `${((performance.now() - begun) / 1000).toFixed(2)} s`;
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}

await orSkip(main);
