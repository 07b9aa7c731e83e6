/**
 * Replies of the gateway, framed and plain: sections 4 and 5 of `docs/protocol.md`.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import type { Endpoint, ExtensionEndpoint } from "../protocol/endpoints.ts";
import { type ErrorBody, FRAMES_MEDIA_TYPE } from "../protocol/messages.ts";
import { type Frame, isLastFrame } from "../protocol/frames.ts";
import { withoutTypes as valueWithoutTypes } from "../protocol/values.ts";

/** What belongs to a reply's end. */
export interface FrameStreamHooks {
  /** The last frame was sent, or will never be. */
  readonly onEnd: () => void;
  /** The client has gone. */
  readonly onCancel: () => void;
}

/** Frames on their way to a client. */
export class FrameStream {
  readonly #frames: AsyncIterator<Frame>;
  readonly #hooks: FrameStreamHooks;

  /** Takes over the frames. */
  constructor(frames: AsyncIterable<Frame>, hooks: FrameStreamHooks) {
    this.#frames = frames[Symbol.asyncIterator]();
    this.#hooks = hooks;
  }

  /** The next frame. */
  async next(): Promise<Frame> {
    const { value } = await this.#frames.next();
    if (isLastFrame(value)) this.#hooks.onEnd();
    return value;
  }

  /** A reply of one frame with its length; a longer one is sent as it comes. */
  async framedReply(): Promise<Response> {
    const headers = { "content-type": FRAMES_MEDIA_TYPE };
    const first = await this.next();
    return new Response(isLastFrame(first) ? line(first) : this.lines(first, { write: line }), { headers });
  }

  /** The frames from one on, each as text. */
  lines(first: Frame, { write, adapt = (frame) => frame }: FrameWriter): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder();
    let pending: Frame | undefined = first;
    return new ReadableStream({
      pull: async (controller) => {
        const given: Frame = pending ?? await this.next();
        const frame = adapt(given);
        pending = undefined;
        if (isLastFrame(frame) && !isLastFrame(given)) this.#abandon();
        const text = write(frame);
        if (text !== "") controller.enqueue(encoder.encode(text));
        if (isLastFrame(frame)) controller.close();
        else if (text === "") controller.enqueue(new Uint8Array(0));
      },
      cancel: () => this.#abandon(),
    }, { highWaterMark: 0 });
  }

  #abandon(): void {
    this.#hooks.onCancel();
    this.#hooks.onEnd();
  }
}

/** How frames become text. */
interface FrameWriter {
  readonly write: (frame: Frame) => string;
  /** Another frame in the place of one that the client cannot be given. Default: none is. */
  readonly adapt?: (frame: Frame) => Frame;
}

/** The reply to a client that knows no frames. */
export async function plainReply(stream: FrameStream, endpoint: Endpoint | ExtensionEndpoint): Promise<Response> {
  let given = await stream.next();
  while ("progress" in given) given = await stream.next();
  const frame = withoutTypes(given);
  if (endpoint === "execute_stream" && !("error" in frame && frame.error.code === "load_error")) {
    return new Response(stream.lines(given, { write: item, adapt: withoutTypes }), { headers: { "content-type": "application/x-ndjson" } });
  }
  if ("error" in frame) {
    return Response.json({ detail: frame.error.message, _job_error: frame.error }, { status: statusOf(frame.error, endpoint) });
  }
  return Response.json("result" in frame ? frame.result : null);
}

/** A refusal, made before anything else. */
export function refusal(status: number, detail: string): Response {
  return Response.json({ detail }, { status });
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
    return { error: { code: "bad_result", type: "TypeError", message, traceback: "", category: "fatal", retriable: false } };
  }
}

function line(frame: Frame): string {
  return `${JSON.stringify(frame)}\n`;
}

function item(frame: Frame): string {
  if ("chunk" in frame) return `${JSON.stringify(frame.chunk)}\n`;
  return "error" in frame ? `${JSON.stringify({ _job_error: frame.error })}\n` : "";
}

function statusOf({ code, category }: ErrorBody, endpoint: Endpoint | ExtensionEndpoint): number {
  if (code === "cancelled") return STATUS_CODE.Conflict;
  return category === "user_input" || endpoint === "initialize" ? STATUS_CODE.BadRequest : STATUS_CODE.InternalServerError;
}
