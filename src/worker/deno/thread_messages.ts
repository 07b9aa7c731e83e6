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
  /** The reader has taken a chunk. */
  | { readonly kind: "taken"; readonly key: number };

/** From the plugin's thread. */
export type FromThread =
  | { readonly kind: "ready"; readonly ready: ReadyBody }
  | { readonly kind: "unloadable"; readonly error: ErrorBody }
  | { readonly kind: "progress"; readonly key: number; readonly progress: number; readonly message: string }
  | { readonly kind: "chunk"; readonly key: number; readonly line: FrameLine }
  | { readonly kind: "last"; readonly key: number; readonly line: FrameLine }
  /** The thread is about to end, or has met an error that ends it. */
  | { readonly kind: "ending"; readonly error: ErrorBody };

/** How many chunks of a call may be on their way to the control thread. */
export const CHUNKS_ON_THE_WAY = 16;
