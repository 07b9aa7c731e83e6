/**
 * What the control thread and the plugin's thread say to each other.
 *
 * @module
 */
import type { ErrorBody, ReadyBody } from "../../protocol/messages.ts";
import type { FrameLine } from "./frame_line.ts";
import type { CallOrder, QuestionEndpoint } from "./plugin_runner.ts";

/** From the control thread. `key` names the call or the question. */
export type ToThread =
  | { readonly kind: "run"; readonly key: number; readonly order: CallOrder }
  | { readonly kind: "ask"; readonly key: number; readonly endpoint: QuestionEndpoint }
  | { readonly kind: "abort"; readonly key: number }
  /** There is room for this many more chunks. */
  | { readonly kind: "room"; readonly key: number; readonly chunks: number };

/** From the plugin's thread. */
export type FromThread =
  | { readonly kind: "ready"; readonly ready: ReadyBody }
  | { readonly kind: "unloadable"; readonly error: ErrorBody }
  | { readonly kind: "progress"; readonly key: number; readonly progress: number; readonly message: string }
  | { readonly kind: "chunk"; readonly key: number; readonly line: FrameLine }
  | { readonly kind: "last"; readonly key: number; readonly line: FrameLine }
  /** The plugin has started a program in a process group of its own, or that has ended. */
  | { readonly kind: "stray"; readonly pid: number; readonly isRunning: boolean }
  /** The thread is about to end, or has met an error that ends it. */
  | { readonly kind: "ending"; readonly error: ErrorBody };

/** How many chunks of a call may be on their way to the control thread. */
export const CHUNKS_ON_THE_WAY = 16;

/** Room is told of in lots of this many chunks: a message for each would cost as much as the chunk. */
export const CHUNKS_PER_ROOM: number = CHUNKS_ON_THE_WAY / 2;
