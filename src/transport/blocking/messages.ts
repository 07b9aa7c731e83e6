/**
 * What passes between a thread that blocks and the thread that works for it.
 *
 * @module
 */
import type { ProgressBody } from "../../protocol/messages.ts";
import type { ErrorData } from "./error_data.ts";

/** One direction of a bridge, as both threads see it. */
export interface ChannelEnd {
  /** Carries messages of any size. */
  readonly port: MessagePort;
  /** Shared: how many messages were sent and taken, and what lies in `bytes`. */
  readonly counts: Int32Array<SharedArrayBuffer>;
  /** Shared: one small message. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
}

/** What the working thread is given: requests come by one channel, answers go by the other. */
export interface BridgeEnd {
  /** From the thread that blocks. */
  readonly requests: ChannelEnd;
  /** To the thread that blocks. */
  readonly answers: ChannelEnd;
}

/** What the blocking thread sends: a request, the wish to have an open one abandoned, or what it was asked for. */
export type BridgeMessage<Request> = { readonly id: number; readonly request: Request } | { readonly abort: number } | ToldMessage;

/** What came of a question to the blocking thread. */
export type ToldMessage = { readonly told: number } & ({ readonly value: unknown } | { readonly error: ErrorData });

/** What the working thread sends: any number of reports of progress and of questions, then one answer a request. */
export type BridgeAnswer =
  | { readonly id: number; readonly progress: ProgressBody }
  | { readonly id: number; readonly key: number; readonly question: unknown }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: ErrorData };

/** An answer with memory in it that is handed over, not copied. */
export class Handover {
  /** The answer. */
  readonly value: unknown;
  /** What is in it. */
  readonly memory: readonly ArrayBuffer[];

  /** Whoever makes it has no use for the memory any more. */
  constructor(value: unknown, memory: readonly ArrayBuffer[]) {
    this.value = value;
    this.memory = memory;
  }
}

/** The working thread can answer nothing any more, and why. */
export interface BridgeFailure {
  readonly broken: string;
}
