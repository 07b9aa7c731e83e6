// flags: --allow-read=$HERE/python_plugin.json,$HERE/deno_plugin.json,$REPO/examples/shared/speech.wav,$REPO/examples/shared/speech.txt,$TMP
// flags: --allow-write=$REPO/out,$TMP --allow-net=127.0.0.1 --allow-run=$PYTHON,$DENO --allow-env=TMPDIR,TMP,TEMP
/**
 * Finds the speech in a recording twice: by a Python plugin, and by a Deno plugin that may read this one file and nothing else.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { PermissionDeniedError, RemoteError, RemotePluginProxy, requiredPermissions, WorkerStartError } from "@remote-plugin/proxy";
import type { PermissionSet } from "@remote-plugin/proxy/protocol";
import { Checks } from "../shared/checks.ts";
import { readSentences, type Sentence, SPEECH_TXT, SPEECH_WAV } from "../shared/recording.ts";
import { tableLines } from "../shared/table.ts";
import { bold, dim, ProgressBar } from "../shared/terminal.ts";
import { flagsOf, mergeFlags } from "./permissions_text.ts";
import { FRAME_SECONDS, type Segment } from "./voice_activity.ts";
import { WavFile } from "./wav.ts";
import { waveformSvg } from "./waveform_svg.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const PYTHON_MANIFEST = fromFileUrl(new URL("python_plugin.json", import.meta.url));
const DENO_MANIFEST = fromFileUrl(new URL("deno_plugin.json", import.meta.url));
const PICTURE = fromFileUrl(new URL("../../out/demo.svg", import.meta.url));

/** The most that the Deno plugin may get, whatever its manifest asks for. */
const POLICY: PermissionSet = { read: [SPEECH_WAV] };

/** What one plugin found, and how long it took, in milliseconds. */
interface Run {
  readonly runtime: string;
  readonly segments: readonly Segment[];
  readonly ready: number;
  readonly first: number;
  readonly all: number;
  /** How much of the recording was done when the first segment came, from 0 to 1. */
  readonly progressAtFirst: number;
  readonly permissions: PermissionSet | undefined;
  /** How the plugin was refused another file; `undefined` when it was not. */
  readonly refusal: string | undefined;
}

async function run(runtime: string, manifest: string): Promise<Run> {
  console.log(`\n${bold(`${runtime} plugin`)}`);
  const start = performance.now();
  await using plugin = await RemotePluginProxy.start(manifest, { permissions: POLICY });
  const ready = performance.now() - start;
  console.log(dim(`  ${plugin.name} ${plugin.version} is ready in process ${plugin.pid}`));
  await plugin.initialize({ min_pause_seconds: 0.3 });
  const found = await stream(plugin);
  return { runtime, ready, ...found, permissions: plugin.permissions, refusal: await refusalOf(plugin) };
}

/** Prints the segments while the plugin works. */
async function stream(plugin: RemotePluginProxy): Promise<Pick<Run, "segments" | "first" | "all" | "progressAtFirst">> {
  using bar = new ProgressBar();
  const segments: Segment[] = [];
  const start = performance.now();
  let [first, done, progressAtFirst] = [NaN, 0, 1];
  const onProgress = (progress: { progress: number; message: string }): void => {
    done = progress.progress;
    bar.update(progress);
  };
  for await (const segment of plugin.executeStream<Segment>({ audio: SPEECH_WAV }, { onProgress })) {
    if (segments.push(segment) === 1) [first, progressAtFirst] = [performance.now() - start, done];
    bar.print(`  segment ${segment.index}: ${seconds(segment.start)} to ${seconds(segment.end)}, ${decibels(segment)}`);
  }
  return { segments, first, all: performance.now() - start, progressAtFirst };
}

/** Has the plugin try the file that lies beside the recording. Only a Deno plugin is held back; Python may read what its user may. */
async function refusalOf(plugin: RemotePluginProxy): Promise<string | undefined> {
  if (plugin.permissions === undefined) return undefined;
  try {
    await plugin.execute({ audio: SPEECH_TXT });
    return undefined;
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    console.log(`  told to read another file, it ended with ${error.remoteType}: ${fromRoot(error.remoteMessage)}`);
    return error.remoteType;
  }
}

/** The run of the Python plugin; `undefined` where there is no `python3`, or none that this program may start. */
async function runPython(): Promise<Run | undefined> {
  try {
    return await run("Python", PYTHON_MANIFEST);
  } catch (error) {
    if (!isMissingProgram(error)) throw error;
    console.log(`  There is no python3 here that this program may start, so this half is left out\n  ${dim(error.message)}`);
    return undefined;
  }
}

/** A program that is not there cannot be started, nor named in the permissions of `deno task demo`. */
function isMissingProgram(error: unknown): error is WorkerStartError | PermissionDeniedError {
  if (error instanceof PermissionDeniedError) return error.missing.every(({ name }) => name === "run");
  return error instanceof WorkerStartError && error.phase === "spawn";
}

function printSegments(segments: readonly Segment[], sentences: readonly Sentence[]): void {
  const rows = segments.map((segment, i) => {
    return [String(segment.index), seconds(segment.start), seconds(segment.end), decibels(segment), sentences[i]?.text ?? ""];
  });
  printTable("Segments", ["segment", "start", "end", "loudness", "what was said"], rows);
}

function printTimings(runs: readonly Run[]): void {
  const rows = runs.map(({ runtime, ready, first, all }) => [runtime, ...[ready, first, all].map((ms) => `${ms.toFixed(0)} ms`)]);
  printTable("Timings", ["plugin", "start to ready", "first segment", "all segments"], rows);
}

async function printPermissions(runs: readonly Run[]): Promise<void> {
  const rows = runs.map(({ runtime, permissions }) => {
    const may = permissions === undefined
      ? "whatever its user may do: Deno sets no limits to Python"
      : fromRoot(flagsOf(permissions).join(" "));
    return [`${runtime} plugin`, may];
  });
  const [first = "", ...more] = await hostFlags(runs);
  printTable("Permissions", ["who", "what it may do"], [["this program", first], ...more.map((flag) => ["", flag]), ...rows]);
}

/** The flags of this program: what it needs for the workers and for its own files, and what else it was given without limits. */
async function hostFlags(runs: readonly Run[]): Promise<string[]> {
  const manifests = runs.map(({ permissions }) => permissions === undefined ? PYTHON_MANIFEST : DENO_MANIFEST);
  const needed = await Promise.all(manifests.map((manifest) => requiredPermissions(manifest)));
  const own = [`--allow-read=${SPEECH_WAV},${SPEECH_TXT}`, `--allow-write=${ROOT}out`, "--allow-env=TMPDIR,TMP,TEMP"];
  const flags = mergeFlags([...own, ...needed.flatMap((permissions) => permissions.toFlags()), ...await unlimited()]);
  return flags.map(fromRoot);
}

/** Nothing, when it runs as `deno task demo` runs it. */
async function unlimited(): Promise<string[]> {
  const kinds = ["read", "write", "net", "env", "run", "ffi", "sys", "import"] as const;
  const states = await Promise.all(kinds.map(async (name) => [name, (await Deno.permissions.query({ name })).state]));
  return states.flatMap(([name, state]) => state === "granted" ? [`--allow-${name}`] : []);
}

async function drawPicture(run: Run, sentences: readonly Sentence[]): Promise<void> {
  using file = await WavFile.open(SPEECH_WAV);
  const samples = await file.read(file.length);
  const spoken = run.segments.reduce((sum, { start, end }) => sum + end - start, 0);
  const svg = waveformSvg({
    title: "Speech in speech.wav",
    subtitle: `${run.segments.length} segments, ${spoken.toFixed(1)} of ${
      (file.length / file.rate).toFixed(1)
    } seconds, found by the ${run.runtime} plugin`,
    samples,
    rate: file.rate,
    marks: run.segments.map((segment, i) => ({
      start: segment.start,
      end: segment.end,
      lines: [
        String(segment.index),
        sentences[i]?.text ?? "",
        `${segment.start.toFixed(2)} to ${seconds(segment.end)}`,
        decibels(segment),
      ],
    })),
  });
  await Deno.mkdir(`${ROOT}out`, { recursive: true });
  await Deno.writeTextFile(PICTURE, svg);
  console.log(`\n${bold("Picture")}\n  ${fromRoot(PICTURE)}`);
}

function checkRun(checks: Checks, run: Run, sentences: readonly Sentence[]): void {
  const name = `the ${run.runtime} plugin`;
  const off = distance(run.segments, sentences);
  checks.that(`${name} found each sentence within 50 ms of where it was said`, off <= 0.05, `off by ${off.toFixed(3)} s`);
  checks.that(
    `${name} told of the first segment before it had read half of the recording`,
    run.progressAtFirst < 0.5,
    `${run.progressAtFirst}`,
  );
}

function checkDeno(checks: Checks, run: Run): void {
  const flags = flagsOf(run.permissions ?? {}).join(" ");
  checks.that("the Deno plugin may read the recording and do nothing else", flags === `--allow-read=${SPEECH_WAV}`, flags);
  checks.that("the Deno plugin was refused another file", run.refusal === "NotCapable", run.refusal ?? "it could read it");
}

function checkAgreement(checks: Checks, one: Run, other: Run): void {
  const off = distance(one.segments, other.segments);
  checks.that("both plugins found the same segments, to a frame of 20 ms", off <= FRAME_SECONDS + 1e-9, `off by ${off.toFixed(3)} s`);
  const louder = Math.max(...one.segments.map(({ loudness_db }, i) => Math.abs(loudness_db - (other.segments[i]?.loudness_db ?? NaN))));
  checks.that("both plugins measured the same loudness, to 0.1 dB", louder <= 0.1 + 1e-9, `off by ${louder.toFixed(1)} dB`);
}

/** How far apart the times are at most, in seconds; infinite when there are more of the one than of the other. */
function distance(some: readonly Stretch[], others: readonly Stretch[]): number {
  if (some.length !== others.length) return Infinity;
  return Math.max(0, ...some.flatMap(({ start, end }, i) => [Math.abs(start - others[i]!.start), Math.abs(end - others[i]!.end)]));
}

type Stretch = Pick<Segment, "start" | "end">;

function printTable(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const [first = "", ...lines] = tableLines(heads, rows);
  console.log(`\n${bold(title)}\n  ${dim(first)}`);
  for (const line of lines) console.log(`  ${line}`);
}

function seconds(value: number): string {
  return `${value.toFixed(2)} s`;
}

function decibels({ loudness_db }: Segment): string {
  return `${loudness_db.toFixed(1)} dB`.replace("-", "\u2212");
}

/** Paths as they are seen from the repository's folder. */
function fromRoot(text: string): string {
  return text.replaceAll(ROOT, "");
}

async function main(): Promise<void> {
  const sentences = await readSentences();
  const checks = new Checks();
  console.log(`Who speaks when in ${fromRoot(SPEECH_WAV)}? Two plugins say so, each in a process of its own.`);
  const python = await runPython();
  const deno = await run("Deno", DENO_MANIFEST);
  const runs = python === undefined ? [deno] : [python, deno];
  printSegments(deno.segments, sentences);
  printTimings(runs);
  await printPermissions(runs);
  await drawPicture(deno, sentences);
  for (const run of runs) checkRun(checks, run, sentences);
  if (python !== undefined) checkAgreement(checks, python, deno);
  checkDeno(checks, deno);
  checks.report();
}

if (import.meta.main) await main();
