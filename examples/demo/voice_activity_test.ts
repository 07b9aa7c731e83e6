import { assert, assertEquals } from "@std/assert";
import { readSentences, SPEECH_WAV } from "../shared/recording.ts";
import { Detector, FRAME_SECONDS, LevelMeter, type Segment } from "./voice_activity.ts";
import { WavFile } from "./wav.ts";

const RATE = 16_000;

function segmentsOf(samples: Float64Array, rate = RATE): Segment[] {
  const detector = new Detector();
  const found = new LevelMeter(rate).levels(samples).flatMap((level) => detector.push(level));
  return [...found, ...detector.finish()];
}

/** Noise of a given amplitude, by a generator that repeats itself, with a louder tone between the given seconds. */
function scene(seconds: number, noise: number, tones: readonly (readonly [start: number, end: number])[]): Float64Array {
  let seed = 1;
  return Float64Array.from({ length: seconds * RATE }, (_, i) => {
    seed = (seed * 48_271) % 2_147_483_647;
    const loud = tones.some(([start, end]) => i >= start * RATE && i < end * RATE);
    return noise * (seed / 1_073_741_823.5 - 1) + (loud ? 0.3 * Math.sin(i * 0.2) : 0);
  });
}

function assertNear(actual: number, expected: number, tolerance: number): void {
  assert(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
}

function times(segments: readonly Segment[]): [number, number][] {
  return segments.map(({ start, end }) => [start, end]);
}

/** The segments have these times, to a frame: what stops at once rings on for some milliseconds. */
function assertTimes(segments: readonly Segment[], expected: readonly (readonly [start: number, end: number])[]): void {
  assertEquals(segments.length, expected.length);
  expected.forEach(([start, end], i) => {
    assertNear(segments[i]!.start, start, 1.01 * FRAME_SECONDS);
    assertNear(segments[i]!.end, end, 1.01 * FRAME_SECONDS);
  });
}

async function recording(): Promise<Float64Array> {
  using file = await WavFile.open(SPEECH_WAV);
  return await file.read(file.length);
}

Deno.test("every sentence of the recording is found, to a frame", async () => {
  const [said, found] = [await readSentences(), segmentsOf(await recording())];
  assertEquals(found.map(({ index }) => index), said.map((_, i) => i + 1));
  assertTimes(found, said.map(({ start, end }) => [start, end]));
});

Deno.test("the gain of a recording changes the loudness and not the times", async () => {
  const samples = await recording();
  const [loud, half] = [segmentsOf(samples), segmentsOf(samples.map((sample) => sample / 2))];
  assertEquals(times(half), times(loud));
  loud.forEach(({ loudness_db }, i) => assertNear(half[i]!.loudness_db, loudness_db - 6, 0.11));
});

Deno.test("a segment is told before the recording has ended", () => {
  const detector = new Detector();
  const levels = new LevelMeter(RATE).levels(scene(6, 0.001, [[1, 2], [4, 5]]));
  const told = levels.findIndex((level) => detector.push(level).length > 0);
  assertNear(told * FRAME_SECONDS, 2 + 0.25 + 1, 0.05); // the pause, and the second that the noise floor looks ahead
});

Deno.test("noise is no speech, up to a tenth of full scale", () => {
  for (const noise of [0, 0.001, 0.01, 0.1]) assertEquals(segmentsOf(scene(5, noise, [])), []);
});

Deno.test("a hum below the voice is no speech", () => {
  const hum = Float64Array.from({ length: 5 * RATE }, (_, i) => 0.1 * Math.sin(2 * Math.PI * 50 * i / RATE));
  assertEquals(segmentsOf(hum).filter(({ start }) => start > 0.1), []);
});

Deno.test("a short pause does not end a segment, a longer one does", () => {
  assertTimes(segmentsOf(scene(5, 0.001, [[1, 2], [2.2, 3]])), [[1, 3]]);
  assertTimes(segmentsOf(scene(5, 0.001, [[1, 2], [2.4, 3]])), [[1, 2], [2.4, 3]]);
});

Deno.test("a click is no segment", () => {
  assertEquals(segmentsOf(scene(5, 0.001, [[2, 2.04]])), []);
});

Deno.test("speech at the very start and to the very end is found", () => {
  assertTimes(segmentsOf(scene(4, 0.001, [[0, 1], [3, 4]])), [[0, 1], [3, 4]]);
});

Deno.test("what is shorter than a frame has no segments", () => {
  assertEquals(segmentsOf(new Float64Array(10)), []);
});
