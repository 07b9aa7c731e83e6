/**
 * What a recording is: JSON for people to read and for programs to compare, with the bytes of files beside it.
 *
 * @module
 */
import { basename } from "@std/path";
import * as v from "valibot";
import { PluginError } from "../../errors.ts";
import { messageOf } from "../../protocol/text.ts";
import { isRecord } from "../../protocol/json.ts";
import { toPlace } from "../../protocol/pointers.ts";

/** The version of the format. A recording of another one is refused. */
export const RECORDING_VERSION = 1;

const Types = v.optional(v.record(v.string(), v.string()));
/** An object with any names. `v.record` drops those that JavaScript's own objects have, such as `constructor`. */
const Named = v.custom<Record<string, unknown>>(isRecord);
const Milliseconds = v.pipe(v.number(), v.minValue(0));

/** What stands in the place of a file. */
const FILE = {
  /** Its path, below the folder of the recording. */
  file: v.string(),
  sha256: v.string(),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  media_type: v.string(),
};
const FileSchema = v.object(FILE);

const ErrorSchema = v.looseObject({ name: v.string(), message: v.string(), code: v.string() });

const FRAMES = {
  progress: v.object({ at_ms: Milliseconds, progress: v.number(), message: v.string() }),
  chunk: v.object({ at_ms: Milliseconds, chunk: v.unknown(), types: Types }),
  result: v.object({ at_ms: Milliseconds, result: v.unknown(), types: Types }),
  error: v.object({ at_ms: Milliseconds, error: ErrorSchema }),
};
type FrameKind = keyof typeof FRAMES;

/** Chosen by what is in it: of a union nobody would be told what is wrong. */
const FrameSchema = v.lazy((frame) => {
  const kinds = Object.keys(FRAMES) as FrameKind[];
  return FRAMES[kinds.find((kind) => isRecord(frame) && Object.hasOwn(frame, kind)) ?? "result"] as (typeof FRAMES)[FrameKind];
});

/** The members that take the name of a method. */
const METHOD_CALLS: readonly string[] = ["call", "stream"];
/** The members whose calls are recorded. Another one in a file would have a program do to its plugin what no recording does. */
const RECORDED: readonly string[] = ["execute", "executeStream", ...METHOD_CALLS, "initialize", "reconfigure"];

const CallSchema = v.object({
  member: v.picklist(RECORDED),
  method: v.optional(v.string()),
  arguments: v.object({ args: v.array(v.unknown()), kwargs: Named, types: Types }),
  files: v.optional(v.array(v.object({ at: v.string(), ...FILE, extension: v.string() }))),
  frames: v.array(FrameSchema),
});

const RecordingSchema = v.object({
  recording: v.literal(RECORDING_VERSION),
  plugin: v.object({ name: v.string(), version: v.string() }),
  signatures: v.optional(Named),
  config_schema: v.optional(Named),
  calls: v.array(CallSchema),
});

/** A file of a recording. */
export type RecordedFile = v.InferOutput<typeof FileSchema>;

/** A file among the arguments of a call. */
export type RecordedInput = RecordedFile & { readonly at: string; readonly extension: string };

/** How a call failed. */
export type RecordedError = v.InferOutput<typeof ErrorSchema>;

/** Something that came of a call, and when, counted from the call's beginning. A call without a last frame was given up by its caller. */
export type RecordedFrame = v.InferOutput<typeof FrameSchema>;

/** A call. */
export type RecordedCall = v.InferOutput<typeof CallSchema>;

/** What went between a host and a plugin. */
export type Recording = v.InferOutput<typeof RecordingSchema>;

/**
 * Reads a recording.
 *
 * @throws {PluginError} With the code `invalid_recording`, when there is none at this path or it cannot be used.
 */
export async function readRecording(path: string): Promise<Recording> {
  const text = await Deno.readTextFile(path).catch((cause) => {
    const advice = cause instanceof Deno.errors.NotFound ? ". Make it by recordPlugin()" : "";
    throw invalid(path, `it cannot be read: ${messageOf(cause)}${advice}`, { cause });
  });
  const value = parsed(path, text);
  const version = isRecord(value) ? value.recording : undefined;
  if (typeof version !== "number") throw invalid(path, "it is no recording");
  if (version !== RECORDING_VERSION) {
    throw invalid(path, `it is of version ${version} of the format, and this release reads version ${RECORDING_VERSION}. Record it again`);
  }
  const outcome = v.safeParse(RecordingSchema, value);
  if (outcome.success) return checked(path, outcome.output);
  throw invalid(path, complaint(outcome.issues[0]));
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(path, `it is no JSON: ${messageOf(cause)}`, { cause });
  }
}

/** What is wrong with it, in the words of whoever has edited it. */
function complaint({ path, type, received, expected }: v.BaseIssue<unknown>): string {
  const place = toPlace(path?.map(({ key }) => String(key)) ?? []);
  const wanted = type === "custom" ? "Object" : expected ?? "something else";
  return received === "undefined" ? `"${place}" is missing` : `"${place}" is ${received}, wanted is ${wanted}`;
}

/**
 * What stands in the place of a file.
 *
 * @param at Where it stands, as a JSON Pointer.
 * @throws {TypeError} When it is something else.
 */
export function fileAt(value: unknown, at: string): RecordedFile {
  if (v.is(FileSchema, value)) return value;
  throw new TypeError(`There is no file at "${at}"`);
}

function checked(path: string, recording: Recording): Recording {
  for (const [index, { member, method }] of recording.calls.entries()) {
    const takesMethod = METHOD_CALLS.includes(member);
    if (takesMethod === (method !== undefined)) continue;
    throw invalid(
      path,
      `"$.calls[${index}].method" is ${method === undefined ? "missing" : "given"}, and "${member}" takes ${takesMethod ? "one" : "none"}`,
    );
  }
  return recording;
}

/** A recording that cannot be used. */
export function invalid(path: string, what: string, options: { readonly cause?: unknown } = {}): PluginError {
  return new PluginError("invalid_recording", `Cannot use the recording "${path}": ${what}`, { plugin: basename(path), ...options });
}
