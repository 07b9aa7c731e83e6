/**
 * Reads the frames of a reply, section 4 of `docs/protocol.md`, and trusts nothing in it.
 *
 * @module
 */
import { type Frame, isLastFrame } from "../protocol/frames.ts";
import { LineSplitter, LineTooLongError } from "../protocol/lines.ts";
import { BrokenReplyError, MalformedReplyError } from "./errors.ts";

/** The longest frame that is read, in bytes: V8 holds no longer string. */
const MAX_FRAME_BYTES = 512 * 1024 * 1024;

/**
 * The frames of a reply. The last one is held back until the body has ended, for a body that is left unread costs its connection.
 */
export async function* readFrames(response: Response): AsyncGenerator<Frame, void, void> {
  if (response.headers.has("content-length")) {
    yield parseFrame(await wholeText(response));
    return;
  }
  let last: Frame | undefined;
  for await (const lines of completedLines(response)) {
    for (const line of lines.split("\n")) {
      if (line === "") continue;
      if (last !== undefined) throw new MalformedReplyError("It sent more after its last frame");
      const frame = parseFrame(line);
      if (isLastFrame(frame)) last = frame;
      else yield frame;
    }
  }
  if (last === undefined) throw new BrokenReplyError("The reply ended before its last frame");
  yield last;
}

/**
 * The whole of a body.
 *
 * @throws {BrokenReplyError} When the connection breaks.
 */
export async function wholeText(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (cause) {
    throw new BrokenReplyError("The connection broke while the reply came", { cause });
  }
}

/** The lines of a body as they are completed, some at a time, each with its end. */
export async function* completedLines(response: Response): AsyncGenerator<string, void, void> {
  if (response.body === null) return;
  const splitter = new LineSplitter(MAX_FRAME_BYTES);
  try {
    for await (const chunk of response.body) yield splitter.push(chunk);
  } catch (cause) {
    if (cause instanceof LineTooLongError) throw new MalformedReplyError(cause.message, { cause });
    throw new BrokenReplyError("The connection broke while the reply came", { cause });
  }
}

function parseFrame(line: string): Frame {
  const frame = parseJson(line);
  if (typeof frame !== "object" || frame === null) throw malformed(line);
  if ("result" in frame || "chunk" in frame) return frame as Frame;
  if ("progress" in frame && typeof frame.progress === "number" && "message" in frame && typeof frame.message === "string") {
    return { progress: frame.progress, message: frame.message };
  }
  if ("error" in frame && isErrorBody(frame.error)) return frame as Frame;
  throw malformed(line);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new MalformedReplyError(`It sent what is no JSON: "${line.slice(0, 80)}"`, { cause });
  }
}

function isErrorBody(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const body = value as Record<string, unknown>;
  return ["code", "type", "message", "traceback"].every((key) => typeof body[key] === "string");
}

function malformed(line: string): MalformedReplyError {
  return new MalformedReplyError(`It sent what is no frame: "${line.slice(0, 80)}"`);
}
