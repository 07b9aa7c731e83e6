/**
 * A reply of the gateway, sent as fast as its client takes it.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import type { FileResult } from "../../payload/file_result.ts";
import { type Frame, isLastFrame } from "../../protocol/frames.ts";
import { fileBody, fileHeaders } from "./file_reply.ts";
import type { Frames } from "./frames.ts";
import type { CallReport } from "../observing/observer.ts";
import type { Patience, Wait } from "../request/patience.ts";
import type { Place } from "../access/places.ts";
import { utf8Length } from "../../protocol/utf8.ts";
import { PROBLEM_MEDIA_TYPE } from "./problem.ts";
import type { ReplyStyle } from "./reply_style.ts";
import { SentFiles } from "./sent_files.ts";
import type { WrittenFrame } from "./written_frame.ts";

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

/** The server writes a text that is not longer than this sooner than its bytes. */
const SHORT_CHARACTERS = 4 * 1024;

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
    // The first frame of which the client is told.
    let first: Frame;
    do first = this.#note(await this.#frames.take()); while (this.#text === "" && !this.#hasLast);
    const status = this.#style.status(first);
    const isError = status !== STATUS_CODE.OK;
    const init = { status, headers: { "content-type": isError ? PROBLEM_MEDIA_TYPE : this.#style.mediaType } };
    this.#hooks.report.answered(status);
    if (this.#file !== undefined) return this.#fileResponse(this.#file);
    if (!this.#hasLast || this.#files !== undefined || this.#text.length > PIECE_CHARACTERS) return new Response(this.#stream(), init);
    const body = this.#text.length > SHORT_CHARACTERS ? encoder.encode(this.#text) : this.#text;
    this.#hooks.report.sent(typeof body === "string" ? utf8Length(body) : body.length);
    this.#end();
    return new Response(body, init);
  }

  /** Takes note of what has come, and tells the first frame of it that has a text, or else the last. */
  #note(taken: readonly WrittenFrame[]): Frame {
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
        while (this.#text === "" && this.#files === undefined && !this.#hasLast) this.#note(await this.#frames.take());
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
