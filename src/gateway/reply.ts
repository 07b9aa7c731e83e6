/**
 * Replies of the gateway, framed and plain: sections 4 and 5 of `docs/protocol.md`.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import type { Endpoint, ExtensionEndpoint } from "../protocol/endpoints.ts";
<<<<<<< HEAD
import { type Frame, isLastFrame } from "../protocol/frames.ts";
import { type ErrorBody, FRAMES_MEDIA_TYPE } from "../protocol/messages.ts";
=======
import { FRAMES_MEDIA_TYPE } from "../protocol/messages.ts";
import { type Frame, isLastFrame } from "../protocol/frames.ts";
import { TREE_CODE, type TreeErrorBody } from "./frames.ts";
import type { CallReport } from "./observer.ts";
import { PROBLEM_MEDIA_TYPE, problemBody } from "./problem.ts";
>>>>>>> main
import { withoutTypes as valueWithoutTypes } from "../protocol/values.ts";
import type { Frames, WrittenFrame } from "./frames.ts";
import type { CallReport } from "./observer.ts";
import { Patience } from "./patience.ts";
import type { Place } from "./places.ts";

/** How a client reads a reply. */
export interface ReplyStyle {
  /** The media type of a reply that is no error. */
  readonly mediaType: string;
  /** How a frame is written. */
  readonly write: (frame: Frame) => WrittenFrame;
  /** The status of a reply whose first frame this is. */
  readonly status: (first: Frame) => number;
}

/** The style of a reply in frames. */
export const FRAMED: ReplyStyle = {
  mediaType: FRAMES_MEDIA_TYPE,
  write: (frame) => ({ frame, text: `${JSON.stringify(frame)}\n` }),
  status: () => STATUS_CODE.OK,
};

/** The style of a reply to a client that knows no frames. */
export function plainStyle(endpoint: Endpoint | ExtensionEndpoint): ReplyStyle {
  return endpoint === "execute_stream" ? PLAIN_STREAM : { ...PLAIN, status: (frame) => statusOf(frame, endpoint) };
}

const PLAIN: Omit<ReplyStyle, "status"> = {
  mediaType: "application/json",
  write: (given) => {
    const frame = withoutTypes(given);
    return { frame, text: "result" in frame ? JSON.stringify(frame.result) : "error" in frame ? problem(frame.error) : "" };
  },
};

const PLAIN_STREAM: ReplyStyle = {
  mediaType: "application/x-ndjson",
  write: (given) => {
    const frame = withoutTypes(given);
    if ("chunk" in frame) return { frame, text: `${JSON.stringify(frame.chunk)}\n` };
    if (!("error" in frame)) return { frame, text: "" };
    return { frame, text: isNotLoaded(frame) ? problem(frame.error) : `${JSON.stringify({ _job_error: frame.error })}\n` };
  },
  status: (frame) => isNotLoaded(frame) ? STATUS_CODE.InternalServerError : STATUS_CODE.OK,
};

/** What belongs to a reply's end. */
export interface ReplyHooks {
  /** Is told what is sent. */
  readonly report: CallReport;
  /** What the request holds; it is left when the reply has ended. */
  readonly place: Place;
  /** How long the client may take none of it, in milliseconds. */
  readonly replyMs: number;
  /** The last frame was sent, or will never be. */
  readonly onEnd: () => void;
  /** The client has gone. */
  readonly onCancel: () => void;
}

/** A longer reply is sent in pieces of this size, so that a client that does not read is noticed. */
const PIECE_CHARACTERS = 256 * 1024;

/** What the stream of a reply ends with when its client does not take it. `Deno.serve()` tells it to `onError`, where it is nobody's fault here. */
export class SlowClientError extends Error {
  override readonly name = "SlowClientError";
}

const encoder = new TextEncoder();

/** A reply on its way to a client. */
export class Reply {
  readonly #frames: Frames;
  readonly #style: ReplyStyle;
  readonly #hooks: ReplyHooks;
  /** What was taken, and not sent. */
  #text = "";
  #hasLast = false;

  /** Takes over the frames. */
  constructor(frames: Frames, style: ReplyStyle, hooks: ReplyHooks) {
    this.#frames = frames;
    this.#style = style;
    this.#hooks = hooks;
  }

  /** The response, once there is something to tell. One that is there as a whole has its length; another one is sent as it comes. */
  async response(): Promise<Response> {
    const first = await this.#takeFirst();
    const status = this.#style.status(first);
    const isError = status !== STATUS_CODE.OK;
    const init = { status, headers: { "content-type": isError ? "application/json" : this.#style.mediaType } };
    this.#hooks.report.answered(status);
    if (!this.#hasLast || this.#text.length > PIECE_CHARACTERS) return new Response(this.#stream(), init);
    const bytes = encoder.encode(this.#text);
    this.#hooks.report.sent(bytes.length);
    this.#end();
    return new Response(bytes, init);
  }

  /** The first frame of which the client is told. */
  async #takeFirst(): Promise<Frame> {
    let last: Frame;
    do last = await this.#take(); while (this.#text === "" && !this.#hasLast);
    return last;
  }

  /** Takes what has come, and tells the first frame of it that has a text, or else the last. */
  async #take(): Promise<Frame> {
    const taken = await this.#frames.take();
    const { report, onEnd } = this.#hooks;
    for (const { frame, text } of taken) {
      this.#text += text;
      if ("chunk" in frame) report.chunk();
      else if ("error" in frame) report.failed(frame.error.code);
    }
    this.#hasLast = isLastFrame(taken.at(-1)!.frame);
    if (this.#hasLast) onEnd();
    return (taken.find(({ text }) => text !== "") ?? taken.at(-1)!).frame;
  }

  #stream(): ReadableStream<Uint8Array> {
    const { place, replyMs, report } = this.#hooks;
    place.isKept = true;
    const patience = new Patience(replyMs);
    return new ReadableStream({
      start: (controller) => {
        void patience.over.then(() => {
          controller.error(new SlowClientError(`The client has taken nothing of its reply for ${replyMs} ms`));
          this.#abandon();
        });
      },
      pull: async (controller) => {
        patience[Symbol.dispose]();
        while (this.#text === "" && !this.#hasLast) await this.#take();
        const bytes = encoder.encode(this.#nextPiece());
        report.sent(bytes.length);
        controller.enqueue(bytes);
        patience.renew();
        if (this.#text !== "" || !this.#hasLast) return;
        patience[Symbol.dispose]();
        controller.close();
        this.#end();
      },
      cancel: () => {
        patience[Symbol.dispose]();
        this.#abandon();
      },
    }, { highWaterMark: 0 });
  }

  #nextPiece(): string {
    const piece = this.#text.slice(0, PIECE_CHARACTERS);
    // Half of a pair of surrogates is no text.
    const length = piece.length < this.#text.length && /[\uD800-\uDBFF]$/.test(piece) ? piece.length - 1 : piece.length;
    this.#text = this.#text.slice(length);
    return piece.slice(0, length);
  }

  #abandon(): void {
    this.#hooks.report.failed("cancelled");
    this.#hooks.onCancel();
    this.#hooks.onEnd();
    this.#frames.drop();
    this.#end();
  }

  #end(): void {
    this.#hooks.report.end();
    this.#hooks.place.leave();
  }
<<<<<<< HEAD
=======
  if ("error" in frame) {
    const { error } = frame;
    const status = statusOf(error, endpoint);
    const body = problemBody(status, { detail: error.message, code: codeOf(error), _job_error: error });
    return stream.whole(JSON.stringify(body), { status, headers: { "content-type": PROBLEM_MEDIA_TYPE } });
  }
  return stream.whole(JSON.stringify("result" in frame ? frame.result : null), { headers: JSON_TYPE });
>>>>>>> main
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

function isNotLoaded(frame: Frame): boolean {
  return "error" in frame && frame.error.code === "load_error";
}

function problem(error: ErrorBody): string {
  return JSON.stringify({ detail: error.message, _job_error: error });
}

<<<<<<< HEAD
function statusOf(frame: Frame, endpoint: Endpoint | ExtensionEndpoint): number {
  if (!("error" in frame)) return STATUS_CODE.OK;
  const { code, category } = frame.error;
  if (code === "cancelled") return STATUS_CODE.Conflict;
  return category === "user_input" || endpoint === "initialize" ? STATUS_CODE.BadRequest : STATUS_CODE.InternalServerError;
=======
/** The code of the error tree; a plugin's result that cannot be sent has one of the wire. */
function codeOf(error: TreeErrorBody): string {
  return error[TREE_CODE] ?? error.code;
>>>>>>> main
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
  not_supported: STATUS_CODE.NotImplemented,
  timeout: STATUS_CODE.GatewayTimeout,
  no_room: STATUS_CODE.InsufficientStorage,
};
