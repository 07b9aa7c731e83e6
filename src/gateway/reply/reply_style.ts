/**
 * How a frame is written for a client: as a line of the wire, or plainly. These are sections 4 and 5 of `docs/protocol.md`.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import type { FileResult } from "../../payload/file_result.ts";
import { isStreamEndpoint, type RequestEndpoint } from "../../protocol/endpoints.ts";
import type { ErrorFrame, Frame } from "../../protocol/frames.ts";
import { FRAMES_MEDIA_TYPE } from "../../protocol/messages.ts";
import { withoutTypes as valueWithoutTypes } from "../../protocol/values.ts";
import { takesFile } from "./file_reply.ts";
import { problemBody } from "./problem.ts";
import { TREE_CODE, type TreeErrorBody } from "./told_errors.ts";
import type { WrittenFrame } from "./written_frame.ts";

/** How a client reads a reply. */
export interface ReplyStyle {
  /** The media type of a reply that is no error. */
  readonly mediaType: string;
  /** How a frame is written. */
  readonly write: (frame: Frame) => WrittenFrame;
  /** How a result is written that is nothing but a file. Default: it travels inside of its frame. */
  readonly writeFile?: (file: FileResult) => WrittenFrame;
  /** The status of a reply whose first frame this is. */
  readonly status: (first: Frame) => number;
}

/** The style of a reply in frames. */
export const FRAMED: ReplyStyle = {
  mediaType: FRAMES_MEDIA_TYPE,
  write: (frame) => ({ frame, text: `${JSON.stringify(frame)}\n` }),
  status: () => STATUS_CODE.OK,
};

/** The style of a reply to a client that knows no frames. A file is sent as what it is to those who take that. */
export function plainStyle(endpoint: RequestEndpoint, accept: string | null): ReplyStyle {
  const isStream = isStreamEndpoint(endpoint);
  const isError = isStream ? isNotLoaded : isErrorFrame;
  return {
    mediaType: isStream ? "application/x-ndjson" : "application/json",
    status: (frame) => isError(frame) ? statusOf(frame.error, endpoint) : STATUS_CODE.OK,
    write: (given) => {
      const frame = withoutTypes(given);
      if (isError(frame)) return { frame, text: problem(frame.error, endpoint) };
      return { frame, text: isStream ? item(frame) : "result" in frame ? JSON.stringify(frame.result) : "" };
    },
    writeFile: (file) => {
      if (takesFile(accept, file.mediaType)) return { frame: { result: null }, text: "", file };
      const error = badResult(`The result is a file. Ask for it with "Accept: ${file.mediaType}"`);
      return { frame: { error }, text: problem(error, endpoint) };
    },
  };
}

function isErrorFrame(frame: Frame): frame is ErrorFrame {
  return "error" in frame;
}

/** A stream of a plugin that could not be started has not begun. */
function isNotLoaded(frame: Frame): frame is ErrorFrame {
  return isErrorFrame(frame) && frame.error.code === "load_error";
}

function item(frame: Frame): string {
  if ("chunk" in frame) return `${JSON.stringify(frame.chunk)}\n`;
  return "error" in frame ? `${JSON.stringify({ _job_error: frame.error })}\n` : "";
}

/** A plain reply has no place for the names of types: what needs one is an error. */
function withoutTypes(frame: Frame): Frame {
  if (!("chunk" in frame || "result" in frame) || frame.types === undefined) return frame;
  const [kind, value] = "chunk" in frame ? ["chunk", frame.chunk] : ["result", frame.result];
  try {
    return { [kind as string]: valueWithoutTypes({ value, types: frame.types }) } as unknown as Frame;
  } catch (error) {
    const what = (error as Error).message.replace(/^The value/, `The ${kind}`);
    const message = `${what}. Ask for frames with "Accept: ${FRAMES_MEDIA_TYPE}"`;
    return { error: badResult(message) };
  }
}

function badResult(message: string): TreeErrorBody {
  return { code: "bad_result", type: "TypeError", message, traceback: "", category: "fatal", retriable: false };
}

function problem(error: TreeErrorBody, endpoint: RequestEndpoint): string {
  return JSON.stringify(problemBody(statusOf(error, endpoint), { detail: error.message, code: codeOf(error), _job_error: error }));
}

/** The code of the error tree; a plugin's result that cannot be sent has one of the wire. */
function codeOf(error: TreeErrorBody): string {
  return error[TREE_CODE] ?? error.code;
}

function statusOf(error: TreeErrorBody, endpoint: RequestEndpoint): number {
  const status = STATUSES[codeOf(error)];
  if (status !== undefined) return status;
  return error.category === "user_input" || endpoint === "initialize" ? STATUS_CODE.BadRequest : STATUS_CODE.InternalServerError;
}

/** What is neither the plugin's fault nor that of its worker. */
const STATUSES: Readonly<Record<string, number>> = {
  bad_result: STATUS_CODE.NotAcceptable,
  cancelled: STATUS_CODE.Conflict,
  invalid_arguments: STATUS_CODE.BadRequest,
  input_failed: STATUS_CODE.BadRequest,
  not_supported: STATUS_CODE.NotFound,
  timeout: STATUS_CODE.GatewayTimeout,
  no_room: STATUS_CODE.InsufficientStorage,
};
