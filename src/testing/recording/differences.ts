/**
 * What differs between two answers to a call.
 *
 * @module
 */
import { isRecord } from "../../protocol/json.ts";
import { FILE_TYPE } from "../../protocol/decode_value.ts";
import { toPlace } from "../../protocol/pointers.ts";
import type { RecordedCall, RecordedError, RecordedFrame } from "./format.ts";

/** One thing that is not as it was. */
export interface Difference {
  /** Where, for example `$.words[1]`, or `chunk 3: $`. */
  readonly place: string;
  /** What was recorded, as text. */
  readonly recorded: string;
  /** What came, as text. */
  readonly came: string;
}

/** How alike two numbers have to be, as a share of the greater one. */
export interface DifferenceOptions {
  readonly tolerance?: number;
}

type ChunkFrame = Extract<RecordedFrame, { chunk: unknown }>;
type ValueFrame = ChunkFrame | Extract<RecordedFrame, { result: unknown }>;

/** How much of a value is shown, in characters. */
const MOST_SHOWN = 80;

/** What a file says of itself that does not depend on where it lies. */
const FILE_FACTS = ["sha256", "size", "media_type"] as const;

/** Whether its caller had waited for its end. One that was given up can be compared with nothing. */
export function isWhole({ frames }: Pick<RecordedCall, "frames">): boolean {
  const last = frames.at(-1);
  return last !== undefined && ("result" in last || "error" in last);
}

/** What differs from the recording: chunks, the result, the error. Progress and times are those of one run, and are not compared. */
export function differences(recorded: RecordedCall, came: RecordedCall, options: DifferenceOptions = {}): Difference[] {
  const [before, now] = [recorded.frames, came.frames].map((frames) => frames.filter((frame): frame is ChunkFrame => "chunk" in frame));
  const chunks = before!.flatMap((frame, at) => {
    const other = now![at];
    return other === undefined
      ? []
      : within(`chunk ${at + 1}: `, valuesDiffer(frame.chunk, other.chunk, new Comparison(frame, other, options)));
  });
  const count = before!.length === now!.length ? [] : [difference("chunks", before!.length, now!.length)];
  return [...chunks, ...count, ...endsDiffer(recorded.frames.at(-1), came.frames.at(-1), options)];
}

function endsDiffer(recorded: RecordedFrame | undefined, came: RecordedFrame | undefined, options: DifferenceOptions): Difference[] {
  const [before, now] = [endOf(recorded), endOf(came)];
  if (before.kind !== now.kind) return [{ place: "end", recorded: before.text, came: now.text }];
  if (recorded === undefined || came === undefined) return [];
  if ("error" in recorded && "error" in came) return errorsDiffer(recorded.error, came.error);
  if (!("result" in recorded) || !("result" in came)) return [];
  return valuesDiffer(recorded.result, came.result, new Comparison(recorded, came, options));
}

function endOf(frame: RecordedFrame | undefined): { kind: string; text: string } {
  if (frame !== undefined && "error" in frame) return { kind: "error", text: `the error ${shown(frame.error.message)}` };
  if (frame !== undefined && "result" in frame) return { kind: "result", text: `the result ${shown(frame.result)}` };
  return { kind: "none", text: "no end in time" };
}

/** The traceback and the words around the plugin's own are not the plugin's. */
function errorsDiffer(recorded: RecordedError, came: RecordedError): Difference[] {
  const facts = ["name", "code", "remoteType", "remoteMessage", "exitCode", "signal"] as const;
  return facts.filter((fact) => recorded[fact] !== came[fact]).map((fact) => difference(`error.${fact}`, recorded[fact], came[fact]));
}

/** Two values, and what JSON does not say of them. */
class Comparison {
  readonly #types: readonly [recorded: ValueFrame["types"], came: ValueFrame["types"]];
  readonly #tolerance: number;

  constructor(recorded: ValueFrame, came: ValueFrame, { tolerance = 0 }: DifferenceOptions) {
    this.#types = [recorded.types, came.types];
    this.#tolerance = tolerance;
  }

  /** The types of what stands at a place. */
  types(path: readonly string[]): (string | undefined)[] {
    const pointer = path.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
    return this.#types.map((types) => types?.[pointer]);
  }

  isNear(a: number, b: number): boolean {
    return a === b || Math.abs(a - b) <= this.#tolerance * Math.max(Math.abs(a), Math.abs(b));
  }
}

function valuesDiffer(recorded: unknown, came: unknown, comparison: Comparison, path: readonly string[] = []): Difference[] {
  const [before, now] = comparison.types(path);
  const place = toPlace(path);
  if (before !== now) return [difference(place, typed(recorded, before), typed(came, now))];
  if (before === FILE_TYPE) return filesDiffer(place, recorded, came);
  if (typeof recorded === "number" && typeof came === "number" && comparison.isNear(recorded, came)) return [];
  if (Array.isArray(recorded) && Array.isArray(came)) {
    const count = recorded.length === came.length ? [] : [difference(`${place}.length`, recorded.length, came.length)];
    const both = recorded.slice(0, came.length);
    return [...count, ...both.flatMap((item, at) => valuesDiffer(item, came[at], comparison, [...path, String(at)]))];
  }
  if (isRecord(recorded) && isRecord(came)) {
    const keys = [...new Set([...Object.keys(recorded), ...Object.keys(came)])];
    return keys.flatMap((key) => valuesDiffer(recorded[key], came[key], comparison, [...path, key]));
  }
  return recorded === came ? [] : [difference(place, recorded, came)];
}

function filesDiffer(place: string, recorded: unknown, came: unknown): Difference[] {
  if (!isRecord(recorded) || !isRecord(came)) return [difference(place, recorded, came)];
  return FILE_FACTS.filter((fact) => recorded[fact] !== came[fact]).map((fact) =>
    difference(`${place} (${fact})`, recorded[fact], came[fact])
  );
}

function typed(value: unknown, type: string | undefined): unknown {
  if (type === FILE_TYPE) return isRecord(value) ? `a file of ${value.size} bytes` : "a file";
  return type === undefined ? value : `the ${type} ${value}`;
}

function within(where: string, found: readonly Difference[]): Difference[] {
  return found.map((one) => ({ ...one, place: where + one.place }));
}

function difference(place: string, recorded: unknown, came: unknown): Difference {
  return { place, recorded: shown(recorded), came: shown(came) };
}

function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}
