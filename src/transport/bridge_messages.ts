/**
 * What passes between a thread that blocks and the thread that works for it.
 *
 * @module
 */
import type { ProgressBody } from "../protocol/messages.ts";
import type { ErrorData } from "./error_data.ts";

/** One end of a bridge: messages by the port, and two counters by which each side can wait for the other. */
export interface BridgeEnd {
  /** Carries messages of any size, both ways. */
  readonly port: MessagePort;
  /** Shared: at {@linkcode SENT} how many messages the working thread has sent, at {@linkcode TAKEN} how many of them were taken. */
  readonly counts: Int32Array<SharedArrayBuffer>;
}

/** Where the number of messages sent is counted. */
export const SENT = 0;

/** Where the number of messages taken is counted. */
export const TAKEN = 1;

/** What the blocking thread sends: a request, or the wish to have an open one abandoned. */
export type BridgeMessage<Request> = { readonly id: number; readonly request: Request } | { readonly abort: number };

/** What the working thread sends: any number of reports of progress, then one answer a request. */
export type BridgeReply =
  | { readonly id: number; readonly progress: ProgressBody }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: ErrorData };

/** The working thread can answer nothing any more, and why. */
export interface BridgeFailure {
  readonly broken: string;
}
