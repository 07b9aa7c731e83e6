/**
 * What a recording is: JSON for people to read and for programs to compare, with the bytes of files beside it.
 *
 * @module
 */
import { basename } from "@std/path";
import * as v from "valibot";
import { PluginError } from "../../errors.ts";
import { messageOf } from "../../protocol/text.ts";
import { parseJson } from "../../protocol/json.ts";

/** The version of the format. A recording of another one is refused. */
export const RECORDING_VERSION = 1;

const Types = v.optional(v.record(v.string(), v.string()));
const Milliseconds = v.pipe(v.number(), v.minValue(0));

/** What stands in the place of a file. */
const FILE = {
  /** Its path, below the folder of the recording. */
  file: v.string(),
  sha256: v.string(),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  media_type: v.string(),
};

const ErrorSchema = v.looseObject({ name: v.string(), message: v.string(), code: v.string() });

const FrameSchema = v.union([
  v.object({ at_ms: Milliseconds, progress: v.number(), message: v.string() }),
  v.object({ at_ms: Milliseconds, chunk: v.unknown(), types: Types }),
  v.object({ at_ms: Milliseconds, result: v.unknown(), types: Types }),
  v.object({ at_ms: Milliseconds, error: ErrorSchema }),
]);

/** The members that take the name of a method. */
const METHOD_CALLS: readonly string[] = ["call", "stream"];
/** The members whose calls are recorded. Another one in a file would have a program do to its plugin what no recording does. */
const RECORDED: readonly string[] = ["execute", "executeStream", ...METHOD_CALLS, "initialize", "reconfigure"];

const CallSchema = v.object({
  member: v.picklist(RECORDED),
  method: v.optional(v.string()),
  arguments: v.object({ args: v.array(v.unknown()), kwargs: v.record(v.string(), v.unknown()), types: Types }),
  files: v.optional(v.array(v.object({ at: v.string(), ...FILE, extension: v.string() }))),
  frames: v.array(FrameSchema),
});

const RecordingSchema = v.object({
  recording: v.literal(RECORDING_VERSION),
  plugin: v.object({ name: v.string(), version: v.string() }),
  signatures: v.optional(v.record(v.string(), v.unknown())),
  config_schema: v.optional(v.record(v.string(), v.unknown())),
  calls: v.array(CallSchema),
});

/** A file of a recording. */
export type RecordedFile = v.InferOutput<v.ObjectSchema<typeof FILE, undefined>>;

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
  const value = parseJson(text) as { recording?: unknown } | undefined;
  const version = value?.recording;
  if (typeof version !== "number") throw invalid(path, "it is no recording");
  if (version !== RECORDING_VERSION) {
    throw invalid(path, `it is of version ${version} of the format, and this release reads version ${RECORDING_VERSION}. Record it again`);
  }
  const outcome = v.safeParse(RecordingSchema, value);
  if (outcome.success) return checked(path, outcome.output);
  const [issue] = outcome.issues;
  const place = ["$", v.getDotPath(issue)].filter((part) => part !== null).join(".");
  throw invalid(path, `"${place}" is ${issue.received}, wanted is ${issue.expected ?? "something else"}`);
}

function checked(path: string, recording: Recording): Recording {
  for (const [index, { member, method }] of recording.calls.entries()) {
    const takesMethod = METHOD_CALLS.includes(member);
    if (takesMethod === (method !== undefined)) continue;
    throw invalid(
      path,
      `"$.calls.${index}.method" is ${method === undefined ? "missing" : "given"}, and "${member}" takes ${takesMethod ? "one" : "none"}`,
    );
  }
  return recording;
}

/** A recording that cannot be used. */
export function invalid(path: string, what: string, options: { readonly cause?: unknown } = {}): PluginError {
  return new PluginError("invalid_recording", `Cannot use the recording "${path}": ${what}`, { plugin: basename(path), ...options });
}
