/**
 * One call, from its arrival to the moment at which its plugin's code has come to rest.
 *
 * @module
 */
import type { CallbackAnswer } from "../../protocol/callback_answer.ts";
import type { LogBody } from "../../protocol/log_body.ts";
import type { ProgressBody } from "../../protocol/messages.ts";
import { Answers, type CallSink } from "./call_sink.ts";
import { type Cancellable, Cancellation, cancelledBody } from "./cancelling.ts";
import { errorLine, type FrameLine, logLine, progressLine } from "./frame_line.ts";
import { FrameQueue } from "./frame_queue.ts";
import type { CallOrder } from "./plugin_runner.ts";
import { removeFiles } from "./scratch_files.ts";

/** A call that the session has taken. */
export class Call implements CallSink, Cancellable {
  readonly order: CallOrder;
  /** What the call's reader gets. */
  readonly reply: FrameQueue = new FrameQueue();
  progress: ProgressBody = { progress: 0, message: "" };
  readonly cancellation: Cancellation = new Cancellation();
  #isRunning = false;
  #runsWithOthers = false;
  #hasEnded = false;
  #answers: Answers | undefined;
  /** The callbacks that wait for an answer. */
  readonly #callbacks = new Set<number>();

  readonly #inputs: Disposable | undefined;

  /** Takes an order, and the files that have come with it. */
  constructor(order: CallOrder, inputs?: Disposable) {
    this.order = order;
    this.#inputs = inputs;
  }

  /** The plugin's code needs them no more. Those of a configuration stay for as long as the worker. */
  letGoOfInputs(): void {
    const { endpoint } = this.order;
    if (endpoint !== "initialize" && endpoint !== "reconfigure") this.#inputs?.[Symbol.dispose]();
  }

  /**
   * From here on, being cancelled asks the plugin instead of ending the call at once. One that runs with others ends at once all the same, for they go on: what
   * the plugin makes of it is dropped then.
   */
  markRunning({ withOthers = false } = {}): void {
    this.#isRunning = true;
    this.#runsWithOthers = withOthers;
  }

  /** Whether the plugin's code has begun with it. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Whether it has its answer. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get answers(): Answers {
    return this.#answers ??= new Answers();
  }

  /** Takes what a function of the host's gave; tells whether the plugin waits for that. */
  answer(answer: CallbackAnswer): boolean {
    if (this.#hasEnded || !this.#callbacks.delete(answer.callback)) return false;
    this.answers.give(answer);
    return true;
  }

  report(progress: number, message: string): void {
    this.progress = { progress, message };
    this.reply.report(progressLine(progress, message));
  }

  tell(line: LogBody): void {
    // A plugin may tell of any call, also of one whose host has not asked.
    if (this.order.wantsLogs) this.reply.tell(logLine(line));
  }

  push(line: FrameLine): Promise<void> {
    if (line.callback !== undefined) this.#callbacks.add(line.callback);
    if (!this.cancellation.isRequested) return this.reply.push(line);
    removeFiles(line.files);
    return Promise.resolve();
  }

  /** Cancels the call: a waiting one ends at once, a running one when its plugin has stopped. The host ends a worker whose plugin does not. */
  cancel(): void {
    if (this.#hasEnded || this.cancellation.isRequested) return;
    this.cancellation.request();
    if (!this.#isRunning || this.#runsWithOthers) return this.#endCancelled();
    this.reply.release();
  }

  /** The plugin's code has come to rest. A cancelled call ends as cancelled, whatever its plugin made of it. */
  end(last: FrameLine): void {
    if (this.#hasEnded) return removeFiles(last.files);
    this.#hasEnded = true;
    if (!this.cancellation.isRequested) return this.reply.end(last);
    removeFiles(last.files);
    this.#endCancelled();
  }

  #endCancelled(): void {
    this.#hasEnded = true;
    this.reply.end(errorLine(cancelledBody()));
  }
}
