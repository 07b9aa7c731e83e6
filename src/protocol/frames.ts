/**
 * The frames of a reply, section 4 of `docs/protocol.md`.
 *
 * @module
 */
import type { LongInteger } from "./exact_integers.ts";
import type { CallbackBody } from "./functions.ts";
import type { LogBody } from "./log_body.ts";
import type { ErrorBody } from "./messages.ts";

/** JSON Pointers to the names of the types that JSON lacks. */
export type ValueTypes = Readonly<Record<string, string>>;

/** The call reported progress. */
export interface ProgressFrame {
  /** From 0 to 1, or -1 when the plugin cannot tell. */
  readonly progress: number;
  /** What the plugin is at, in its own words. */
  readonly message: string;
}

/** The call printed a line. */
export interface LogFrame {
  /** The line. */
  readonly log: LogBody;
}

/** One item of a stream. */
export interface ChunkFrame {
  /** The item. */
  readonly chunk: unknown;
  /** What in the item JSON lacks. */
  readonly types?: ValueTypes;
  /** What in the item JavaScript lacks; said by whoever has read the frame, not by the wire. */
  readonly longInteger?: LongInteger;
  /** The files that have come behind the frame; put here by whoever has read it. */
  readonly parts?: readonly Uint8Array<ArrayBuffer>[];
}

/** The plugin calls a function that the call was given. */
export interface CallbackFrame {
  /** Which one, and with what. */
  readonly callback: CallbackBody;
  /** What in that JSON lacks. */
  readonly types?: ValueTypes;
  /** What in that JavaScript lacks; said by whoever has read the frame, not by the wire. */
  readonly longInteger?: LongInteger;
  /** The files that have come behind the frame; put here by whoever has read it. */
  readonly parts?: readonly Uint8Array<ArrayBuffer>[];
}

/** The last frame of a call that ended well. */
export interface ResultFrame {
  /** What the plugin returned; `null` after a stream. */
  readonly result: unknown;
  /** What in the result JSON lacks. */
  readonly types?: ValueTypes;
  /** What in the result JavaScript lacks; said by whoever has read the frame, not by the wire. */
  readonly longInteger?: LongInteger;
  /** The files that have come behind the frame; put here by whoever has read it. */
  readonly parts?: readonly Uint8Array<ArrayBuffer>[];
}

/** The last frame of a call that failed. */
export interface ErrorFrame {
  /** Why the call failed. */
  readonly error: ErrorBody;
}

/** One line of a framed reply. */
export type Frame = ProgressFrame | LogFrame | ChunkFrame | CallbackFrame | ResultFrame | ErrorFrame;

/** A frame with a value, which may have types and files. */
export type ValueFrame = ChunkFrame | CallbackFrame | ResultFrame;

/** The value of a frame that has one. */
export function valueOf(frame: ValueFrame): unknown {
  return "chunk" in frame ? frame.chunk : "callback" in frame ? frame.callback : frame.result;
}

/** Whether nothing may follow this frame. */
export function isLastFrame(frame: Frame): frame is ResultFrame | ErrorFrame {
  return "result" in frame || "error" in frame;
}
