/**
 * Tells speech from pauses: the same steps as in `speech_segments.py`, so that the demo can compare the two.
 *
 * @module
 */

/** The length of a frame, the step in which times are measured, in seconds. */
export const FRAME_SECONDS = 0.02;
/** The noise floor is measured over these four seconds, */
const WINDOW_FRAMES = 200;
/** of which one lies ahead of the frame that is judged. */
const AHEAD_FRAMES = 50;
const SILENCE_DB = -100;
const HIGH_PASS_HZ = 120;

/** A stretch of speech. */
export interface Segment {
  /** 1 for the first. */
  readonly index: number;
  /** In seconds. */
  readonly start: number;
  /** In seconds. */
  readonly end: number;
  /** The mean power, in dB below full scale. */
  readonly loudness_db: number;
}

/** When a frame counts as speech. */
export interface Settings {
  /** How far above the noise floor speech begins, in dB. */
  readonly onset_db: number;
  /** Speech goes on down to this far above the noise floor, in dB. */
  readonly release_db: number;
  /** What is quieter is never speech, in dB below full scale. */
  readonly min_level_db: number;
  /** What is louder is never taken for noise, in dB below full scale. */
  readonly max_floor_db: number;
  /** What is shorter is a click, not speech. */
  readonly min_speech_seconds: number;
  /** A shorter pause does not end a segment. */
  readonly min_pause_seconds: number;
}

/** What fits speech in a room of usual noise. */
export const DEFAULT_SETTINGS: Settings = {
  onset_db: 12,
  release_db: 6,
  min_level_db: -60,
  max_floor_db: -30,
  min_speech_seconds: 0.12,
  min_pause_seconds: 0.25,
};

/** Turns levels into segments. A pause or a cough is waited out before anything is told, so what is told is final. */
export class Detector {
  readonly #settings: Settings;
  readonly #floor = new NoiseFloor();
  /** Levels that wait until the noise floor has seen a second more. */
  #ahead: number[] = [];
  /** Levels since what may be speech has begun. */
  #run: number[] = [];
  #runStart = 0;
  /** How many levels at the end of the run are a pause. */
  #quiet = 0;
  /** Whether the run has been loud enough to be speech. */
  #onset = false;
  #position = 0;
  #found = 0;

  /** Makes a detector for one recording. */
  constructor(settings: Settings = DEFAULT_SETTINGS) {
    this.#settings = settings;
  }

  /** Takes the next frame's level; returns the segment that this completes, if any. */
  push(level: number): Segment[] {
    this.#floor.push(level);
    this.#ahead.push(level);
    return this.#ahead.length > AHEAD_FRAMES ? this.#judge(this.#ahead.shift()!) : [];
  }

  /** Takes the end of the recording. */
  finish(): Segment[] {
    const segments = this.#ahead.flatMap((level) => this.#judge(level));
    this.#ahead = [];
    return [...segments, ...this.#endRun()];
  }

  #judge(level: number): Segment[] {
    const { max_floor_db, min_level_db, onset_db, release_db, min_pause_seconds } = this.#settings;
    const floor = Math.min(this.#floor.level(), max_floor_db);
    const loud = level >= Math.max(floor + release_db, min_level_db);
    if (loud && this.#run.length === 0) this.#runStart = this.#position;
    this.#position++;
    if (!loud && this.#run.length === 0) return [];
    this.#run.push(level);
    this.#quiet = loud ? 0 : this.#quiet + 1;
    this.#onset ||= level >= Math.max(floor + onset_db, min_level_db);
    // What has not been loud enough yet ends at its first quiet frame: a murmur is no beginning of the word after it.
    const patience = this.#onset ? min_pause_seconds : 0;
    return this.#quiet * FRAME_SECONDS > patience ? this.#endRun() : [];
  }

  #endRun(): Segment[] {
    const levels = this.#run.slice(0, this.#run.length - this.#quiet);
    const spoken = this.#onset && levels.length * FRAME_SECONDS >= this.#settings.min_speech_seconds;
    this.#run = [];
    this.#quiet = 0;
    this.#onset = false;
    if (!spoken) return [];
    return [{
      index: ++this.#found,
      start: round(this.#runStart * FRAME_SECONDS, 3),
      end: round((this.#runStart + levels.length) * FRAME_SECONDS, 3),
      loudness_db: round(toDb(levels.reduce((sum, level) => sum + 10 ** (level / 10), 0) / levels.length), 1),
    }];
  }
}

/** Cuts samples into frames and measures each, in dB below full scale, without the hum and rumble below the voice. */
export class LevelMeter {
  readonly #gain: number;
  readonly #once: number;
  readonly #twice: number;
  /** What came in last, and before that; what went out last, and before that. */
  #memory: readonly [number, number, number, number] = [0, 0, 0, 0];
  /** Samples in a frame. */
  readonly frameLength: number;

  /** A Butterworth filter of second order comes before the measurement. */
  constructor(rate: number) {
    const angle = 2 * Math.PI * HIGH_PASS_HZ / rate;
    const slope = Math.sin(angle) / Math.SQRT2;
    this.#gain = (1 + Math.cos(angle)) / 2 / (1 + slope);
    this.#once = 2 * Math.cos(angle) / (1 + slope);
    this.#twice = (slope - 1) / (1 + slope);
    this.frameLength = Math.round(rate * FRAME_SECONDS);
  }

  /** The levels of the whole frames in these samples; what is left over at their end is not measured. */
  levels(samples: Float64Array): number[] {
    const filtered = this.#filter(samples);
    const count = Math.floor(filtered.length / this.frameLength);
    return Array.from({ length: count }, (_, i) => this.#level(filtered.subarray(i * this.frameLength, (i + 1) * this.frameLength)));
  }

  #level(frame: Float64Array): number {
    return toDb(frame.reduce((sum, sample) => sum + sample * sample, 0) / frame.length);
  }

  #filter(samples: Float64Array): Float64Array {
    let [in1, in2, out1, out2] = this.#memory;
    const filtered = samples.map((sample) => {
      const out = this.#gain * (sample - 2 * in1 + in2) + this.#once * out1 + this.#twice * out2;
      [in1, in2, out1, out2] = [sample, in1, out, out1];
      return out;
    });
    this.#memory = [in1, in2, out1, out2];
    return filtered;
  }
}

/** The level that a tenth of the last frames stay under: speech has gaps, so these are the noise between its sounds. */
class NoiseFloor {
  readonly #recent: number[] = [];
  readonly #ordered: number[] = [];

  push(level: number): void {
    this.#recent.push(level);
    this.#ordered.splice(this.#placeOf(level), 0, level);
    if (this.#recent.length > WINDOW_FRAMES) this.#ordered.splice(this.#placeOf(this.#recent.shift()!), 1);
  }

  level(): number {
    return this.#ordered[Math.floor(this.#ordered.length / 10)]!;
  }

  /** The first place of a level in the ordered list, by bisection. */
  #placeOf(level: number): number {
    let [low, high] = [0, this.#ordered.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ordered[middle]! < level) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function toDb(power: number): number {
  return power > 0 ? Math.max(SILENCE_DB, 10 * Math.log10(power)) : SILENCE_DB;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
