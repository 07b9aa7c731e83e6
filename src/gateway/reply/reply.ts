/**
 * Replies of the gateway, framed and plain: sections 4 and 5 of `docs/protocol.md`.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import type { FileResult } from "../../payload/file_result.ts";
import type { Endpoint, ExtensionEndpoint } from "../../protocol/endpoints.ts";
import { type ErrorFrame, type Frame, isLastFrame } from "../../protocol/frames.ts";
import { FRAMES_MEDIA_TYPE } from "../../protocol/messages.ts";
import { withoutTypes as valueWithoutTypes } from "../../protocol/values.ts";
import { fileBody, fileHeaders, takesFile } from "./file_reply.ts";
import type { Frames } from "./frames.ts";
import type { CallReport } from "../observing/observer.ts";
import type { Patience, Wait } from "../request/patience.ts";
import type { Place } from "../access/places.ts";
import { PROBLEM_MEDIA_TYPE, problemBody } from "./problem.ts";
import { SentFiles } from "./sent_files.ts";
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
export function plainStyle(endpoint: Endpoint | ExtensionEndpoint, accept: string | null): ReplyStyle {
  const isStream = endpoint === "execute_stream";
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

/** What belongs to a reply's end. */
export interface ReplyHooks {
  /** What a file is called that is the result. */
  readonly name: string;
  /** Is told what is sent. */
  readonly report: CallReport;
  /** What the request holds; it is left when the reply has ended. */
  readonly place: Place;
  /** How long the client may take none of it. */
  readonly patience: Patience;
  /** The last frame was sent, or will never be. */
  readonly onEnd: () => void;
  /** The client has gone. */
  readonly onCancel: () => void;
}

/** A longer reply is sent in pieces of this size, so that a client that does not read is noticed. */
const PIECE_CHARACTERS = 256 * 1024;

/** What the stream of a reply ends with when its client does not take it. `Deno.serve()` tells it to `onError`, where it is nobody's fault here. */
export class SlowClientError extends Error {
  /** The class. */
  override readonly name: string = "SlowClientError";
}

const TOO_SLOW = "The client has taken nothing of its reply for too long";

const encoder = new TextEncoder();

/** A reply on its way to a client. */
export class Reply {
  readonly #frames: Frames;
  readonly #style: ReplyStyle;
  readonly #hooks: ReplyHooks;
  /** What was taken, and not sent. */
  #text = "";
  /** The files behind that. */
  #files: SentFiles | undefined;
  #hasLast = false;
  #file: FileResult | undefined;

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
    const init = { status, headers: { "content-type": isError ? PROBLEM_MEDIA_TYPE : this.#style.mediaType } };
    this.#hooks.report.answered(status);
    if (this.#file !== undefined) return this.#fileResponse(this.#file);
    if (!this.#hasLast || this.#files !== undefined || this.#text.length > PIECE_CHARACTERS) return new Response(this.#stream(), init);
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
    for (const { frame, text, file } of taken) {
      this.#text += text;
      this.#file ??= file;
      if ("chunk" in frame) report.chunk();
      else if ("error" in frame) report.failed(frame.error.code);
    }
    const { frame: last, files } = taken.at(-1)!;
    if (files !== undefined) this.#files = new SentFiles(files);
    this.#hasLast = isLastFrame(last);
    if (this.#hasLast) onEnd();
    return (taken.find(({ text }) => text !== "") ?? taken.at(-1)!).frame;
  }

  #stream(): ReadableStream<Uint8Array> {
    const { place, patience, report } = this.#hooks;
    place.isKept = true;
    let wait: Wait;
    return new ReadableStream({
      start: (controller) => {
        wait = patience.begin(() => {
          controller.error(new SlowClientError(TOO_SLOW));
          this.#abandon();
        });
      },
      pull: async (controller) => {
        wait.pause();
        while (this.#text === "" && this.#files === undefined && !this.#hasLast) await this.#take();
        const bytes = this.#text === "" && this.#files !== undefined ? await this.#nextOf(this.#files) : encoder.encode(this.#nextPiece());
        report.sent(bytes.length);
        controller.enqueue(bytes);
        wait.renew();
        if (this.#text !== "" || this.#files !== undefined || !this.#hasLast) return;
        wait[Symbol.dispose]();
        controller.close();
        this.#end();
      },
      cancel: () => {
        wait[Symbol.dispose]();
        this.#abandon();
      },
    }, { highWaterMark: 0 });
  }

  async #nextOf(files: SentFiles): Promise<Uint8Array> {
    try {
      const bytes = await files.next();
      if (files.isDone) this.#files = undefined;
      return bytes;
    } catch (error) {
      this.#abandon();
      throw error;
    }
  }

  #fileResponse(file: FileResult): Response {
    const { name, place, patience, report } = this.#hooks;
    place.isKept = true;
    const body = fileBody(file, {
      patience,
      slowError: () => new SlowClientError(TOO_SLOW),
      onSent: (bytes) => report.sent(bytes),
      onEnd: () => this.#end(),
      onCancel: () => this.#abandon(),
    });
    return new Response(body, { headers: fileHeaders(file, name) });
  }

  #nextPiece(): string {
    const piece = this.#text.slice(0, PIECE_CHARACTERS);
    // Half of a pair of surrogates is no text.
    const length = piece.length < this.#text.length && /[\uD800-\uDBFF]$/.test(piece) ? piece.length - 1 : piece.length;
    this.#text = this.#text.slice(length);
    return piece.slice(0, length);
  }

  #abandon(): void {
    void this.#files?.drop();
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

function problem(error: TreeErrorBody, endpoint: Endpoint | ExtensionEndpoint): string {
  return JSON.stringify(problemBody(statusOf(error, endpoint), { detail: error.message, code: codeOf(error), _job_error: error }));
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
  bad_result: STATUS_CODE.NotAcceptable,
  cancelled: STATUS_CODE.Conflict,
  invalid_arguments: STATUS_CODE.BadRequest,
  input_failed: STATUS_CODE.BadRequest,
  not_supported: STATUS_CODE.NotFound,
  timeout: STATUS_CODE.GatewayTimeout,
  no_room: STATUS_CODE.InsufficientStorage,
};
