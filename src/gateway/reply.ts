/**
 * Replies of the gateway, framed and plain: sections 4 and 5 of `docs/protocol.md`.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import type { Endpoint, ExtensionEndpoint } from "../protocol/endpoints.ts";
import { FRAMES_MEDIA_TYPE } from "../protocol/messages.ts";
import { type Frame, isLastFrame } from "../protocol/frames.ts";
import { TREE_CODE, type TreeErrorBody } from "./frames.ts";
import type { CallReport } from "./observer.ts";
import { PROBLEM_MEDIA_TYPE, problemBody } from "./problem.ts";
import { withoutTypes as valueWithoutTypes } from "../protocol/values.ts";

/** What belongs to a reply's end. */
export interface FrameStreamHooks {
  /** Is told what is sent. */
  readonly report: CallReport;
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
    const { report, onEnd } = this.#hooks;
    if ("chunk" in value) report.chunk();
    if ("error" in value) report.failed(value.error.code);
    if (isLastFrame(value)) onEnd();
    return value;
  }

  /** A reply of one frame with its length; a longer one is sent as it comes. */
  async framedReply(): Promise<Response> {
    const headers = { "content-type": FRAMES_MEDIA_TYPE };
    const first = await this.next();
    return isLastFrame(first) ? this.whole(line(first), { headers }) : new Response(this.lines(first, { write: line }), { headers });
  }

  /** A reply that is there as a whole. */
  whole(text: string, init: ResponseInit): Response {
    const { report } = this.#hooks;
    const bytes = encoder.encode(text);
    report.answered(init.status ?? STATUS_CODE.OK);
    report.sent(bytes.length);
    report.end();
    return new Response(bytes, init);
  }

  /** The frames from one on, each as text. */
  lines(first: Frame, { write, adapt = (frame) => frame }: FrameWriter): ReadableStream<Uint8Array> {
    const { report } = this.#hooks;
    let pending: Frame | undefined = first;
    return new ReadableStream({
      pull: async (controller) => {
        const given: Frame = pending ?? await this.next();
        const frame = adapt(given);
        pending = undefined;
        const bytes = encoder.encode(write(frame));
        report.sent(bytes.length);
        controller.enqueue(bytes);
        if (!isLastFrame(frame)) return;
        if ("error" in frame) report.failed(frame.error.code);
        if (isLastFrame(given)) report.end();
        else this.#abandon();
        controller.close();
      },
      cancel: () => {
        report.failed("cancelled");
        this.#abandon();
      },
    }, { highWaterMark: 0 });
  }

  #abandon(): void {
    const { onCancel, onEnd, report } = this.#hooks;
    onCancel();
    onEnd();
    report.end();
  }
}

const encoder = new TextEncoder();

/** How frames become text. */
interface FrameWriter {
  readonly write: (frame: Frame) => string;
  /** Another frame in the place of one that the client cannot be given. Default: none is. */
  readonly adapt?: (frame: Frame) => Frame;
}

const JSON_TYPE = { "content-type": "application/json" };

/** The reply to a client that knows no frames. */
export async function plainReply(stream: FrameStream, endpoint: Endpoint | ExtensionEndpoint): Promise<Response> {
  let given = await stream.next();
  while ("progress" in given) given = await stream.next();
  const frame = withoutTypes(given);
  if (endpoint === "execute_stream" && !("error" in frame && frame.error.code === "load_error")) {
    return new Response(stream.lines(given, { write: item, adapt: withoutTypes }), { headers: { "content-type": "application/x-ndjson" } });
  }
  if ("error" in frame) {
    const { error } = frame;
    const status = statusOf(error, endpoint);
    const body = problemBody(status, { detail: error.message, code: codeOf(error), _job_error: error });
    return stream.whole(JSON.stringify(body), { status, headers: { "content-type": PROBLEM_MEDIA_TYPE } });
  }
  return stream.whole(JSON.stringify("result" in frame ? frame.result : null), { headers: JSON_TYPE });
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

/** The code of the error tree; a plugin's result that cannot be sent has one of the wire. */
function codeOf(error: TreeErrorBody): string {
  return error[TREE_CODE] ?? error.code;
}

function statusOf(error: TreeErrorBody, endpoint: Endpoint | ExtensionEndpoint): number {
  const status = STATUSES[codeOf(error)];
  if (status !== undefined) return status;
  return error.category === "user_input" || endpoint === "initialize" ? STATUS_CODE.BadRequest : STATUS_CODE.InternalServerError;
}

/** What is neither the plugin's fault nor that of its worker. */
const STATUSES: Readonly<Record<string, number>> = {
  cancelled: STATUS_CODE.Conflict,
  invalid_arguments: STATUS_CODE.BadRequest,
  input_failed: STATUS_CODE.BadRequest,
  not_supported: STATUS_CODE.NotFound,
  timeout: STATUS_CODE.GatewayTimeout,
  no_room: STATUS_CODE.InsufficientStorage,
};
