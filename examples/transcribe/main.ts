// flags: --allow-run=$PYTHON,$REPO/out/venv-transcribe/bin/python,$REPO/out/venv-transcribe/Scripts/python.exe
// flags: --allow-read=$REPO/out,$REPO/examples/shared/speech.txt,$TMP --allow-write=$REPO/out,$TMP
// flags: --allow-net=127.0.0.1 --allow-env=PYTHON,TMPDIR,TMP,TEMP
/**
 * Speech to text in an environment of its own: makes it, installs PocketSphinx with its weights from PyPI, and transcribes a recording as a stream.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { type Manifest, RemotePluginProxy } from "@remote-plugin/proxy";
import { Checks } from "../shared/checks.ts";
import { readSentences, SPEECH_WAV } from "../shared/recording.ts";
import { tableLines } from "../shared/table.ts";
import { bold, dim, ProgressBar } from "../shared/terminal.ts";
import { ensureEnvironment, interpreterOf, UnavailableError } from "./virtual_environment.ts";
import { wordErrorRate } from "./word_errors.ts";

const ENVIRONMENT = fromFileUrl(new URL("../../out/venv-transcribe", import.meta.url));
const MANIFEST = fromFileUrl(new URL("../../out/transcribe.json", import.meta.url));
const SKIPPED = 77;

/** On this recording PocketSphinx 5.1.1 makes no mistake, and 5 in 18 words when it listens with the least fitting settings that were tried. */
const WORST_WORD_ERROR_RATE = 0.25;

/** Something that was said between two pauses. Times are in seconds. */
interface Segment {
  readonly text: string;
  readonly words: readonly { readonly word: string; readonly start: number; readonly end: number }[];
}

async function main(): Promise<void> {
  const python = Deno.env.get("PYTHON");
  if (python === undefined) return skip("there is no Python 3.8 or later");
  try {
    const version = await ensureEnvironment(ENVIRONMENT, { python, requirement: "pocketsphinx~=5.0", onStep: console.log });
    console.log(`PocketSphinx ${version} is in ${ENVIRONMENT}`);
  } catch (error) {
    if (error instanceof UnavailableError) return skip(error.message);
    throw error;
  }
  await writeManifest();
  report(await transcribe(), await readSentences());
}

function skip(reason: string): void {
  console.log(`Skipped: ${reason}`);
  Deno.exitCode = SKIPPED;
}

/** What a tool that installs plugins would write. */
async function writeManifest(): Promise<void> {
  const manifest: Manifest = {
    name: "transcribe",
    python_path: interpreterOf(ENVIRONMENT),
    module: "transcribe_plugin",
    class: "TranscribePlugin",
    plugin_path: fromFileUrl(new URL(".", import.meta.url)),
  };
  await Deno.writeTextFile(MANIFEST, `${JSON.stringify(manifest, null, 2)}\n`);
}

async function transcribe(): Promise<Segment[]> {
  const begun = performance.now();
  await using plugin = await RemotePluginProxy.start(MANIFEST);
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

await main();
