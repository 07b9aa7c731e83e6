/**
 * What a running call gives before its end, and what it gets of its host.
 *
 * @module
 */
import type { CallbackAnswer } from "../../protocol/callback_answer.ts";
import type { LogBody } from "../../protocol/log_body.ts";
import type { FrameLine } from "./frame_line.ts";

/** Takes what a running call gives before its end. */
export interface CallSink {
  /** What the host answers when the plugin calls its functions. */
  readonly answers: Answers;
  /** Takes a progress report. */
  report(progress: number, message: string): void;
  /** Takes a line that it has printed. */
  tell(line: LogBody): void;
  /** Takes a chunk or a callback, and resolves when the plugin may make the next one. */
  push(line: FrameLine): Promise<void>;
}

/** The answers of one call, for whoever waits for them. */
export class Answers {
  #take: ((answer: CallbackAnswer) => void) | undefined;

  /** Has somebody take them from now on. */
  listen(take: (answer: CallbackAnswer) => void): void {
    this.#take = take;
  }

  /** Hands one over. */
  give(answer: CallbackAnswer): void {
    this.#take?.(answer);
  }
}
