/**
 * What a plugin gives, as the frames of a reply.
 *
 * @module
 */
import { CallCancelledError, CallError, PluginError, type PluginErrorCode, RemoteError, WorkerStartError } from "../errors.ts";
import { FileResult } from "../payload/file_result.ts";
import type { Progress } from "../plugin/interface.ts";
import type { InlineFile } from "../protocol/file_values.ts";
import { type Frame, isLastFrame } from "../protocol/frames.ts";
import type { ErrorBody } from "../protocol/messages.ts";
import { MAX_FRAME_BYTES } from "../protocol/sizes.ts";
import { messageOf } from "../protocol/text.ts";
import { encodeValue, FILE_TYPE, fillSlot, toPointer } from "../protocol/values.ts";

/** Opens an operation, whose reports go to `onProgress`: it yields chunks and returns the result. */
export type OpenOutcome = (onProgress: (report: Progress) => void) => AsyncGenerator<unknown, unknown, void>;

/** The frames of an operation: its reports and chunks as they come, and one last frame. */
export async function* framesOf(open: OpenOutcome): AsyncGenerator<Frame, void, void> {
  const progress: Frame[] = [];
  let wake = Promise.withResolvers<void>();
  const outcome = open((report) => {
    progress.push({ ...report });
    wake.resolve();
  });
  let next = stepOf(outcome);
  while (true) {
    const step = await Promise.race([next, wake.promise]);
    yield* progress.splice(0);
    if (step === undefined) {
      wake = Promise.withResolvers();
      continue;
    }
    yield step;
    if (isLastFrame(step)) return;
    next = stepOf(outcome);
  }
}

/** The next chunk, the result or the error of an operation. */
async function stepOf(outcome: AsyncGenerator<unknown, unknown, void>): Promise<Frame> {
  try {
    const { done, value } = await outcome.next();
    return await frame(done ? "result" : "chunk", value ?? null);
  } catch (error) {
    return { error: errorBody(error) };
  }
}

/** The frame of a value. Files travel inside it: whoever attaches from elsewhere shares no folder with the workers. */
async function frame(key: "result" | "chunk", value: unknown): Promise<Frame> {
  const { value: encoded, types = {}, slots = [] } = encodeValue(value, (part) => part instanceof FileResult);
  const allTypes: Record<string, string> = { ...types };
  let filled = encoded;
  for (const slot of slots) {
    filled = fillSlot(filled, slot, await inline(slot.source as FileResult));
    allTypes[toPointer(slot.path)] = FILE_TYPE;
  }
  return { [key]: filled, ...Object.keys(allTypes).length === 0 ? {} : { types: allTypes } } as unknown as Frame;
}

async function inline(file: FileResult): Promise<InlineFile> {
  await using _file = file;
  if (file.size > MAX_FRAME_BYTES / 4 * 3) throw new RangeError(`The result has a file of ${file.size} bytes, more than a frame carries`);
  return { data: (await file.bytes()).toBase64(), size: file.size, media_type: file.mediaType };
}

/** Under this the body of an error has the code of the error tree, for those who are in this process. JSON does not write it. */
export const TREE_CODE: unique symbol = Symbol("code of the error tree");

/** The body of an error with its code of the error tree, `undefined` for an error that is none of the tree's. */
export type TreeErrorBody = ErrorBody & { readonly [TREE_CODE]?: PluginErrorCode };

/** An error as the wire tells it. */
export function errorBody(error: unknown): TreeErrorBody {
  return { ...wireError(error), ...error instanceof PluginError ? { [TREE_CODE]: error.code } : {} };
}

function wireError(error: unknown): ErrorBody {
  const message = messageOf(error);
  const base = { type: error instanceof Error ? error.name : "Error", message, traceback: "" };
  if (error instanceof RemoteError) {
    const { remoteType: type, remoteMessage, traceback, category, retriable, plugin } = error;
    return { code: "plugin_error", type, message: remoteMessage, traceback, category, retriable, plugin_name: plugin };
  }
  if (error instanceof CallCancelledError) return { code: "cancelled", ...base };
  if (error instanceof CallError && error.code === "not_supported") return { code: "not_supported", ...base };
  if (error instanceof WorkerStartError) return { code: "load_error", ...base };
  return { code: error instanceof PluginError && error.code === "worker_exited" ? "plugin_exit" : "plugin_error", ...base };
}
