/**
 * The calls in the plugin's thread.
 *
 * @module
 */
import { Cancellation } from "./cancelling.ts";
import { failureBody } from "./error_body.ts";
import { errorLine, type FrameLine } from "./frame_line.ts";
import type { CallOrder, CallSink, PluginRunner } from "./plugin_runner.ts";
import { CHUNKS_ON_THE_WAY, type FromThread, type ToCalls } from "./thread_messages.ts";

/** Runs what the control thread orders, and posts what comes of it. */
export class ThreadCalls {
  readonly #runner: PluginRunner;
  readonly #post: (message: FromThread) => void;
  readonly #open = new Map<number, ThreadCall>();

  /** Serves a plugin that is loaded. */
  constructor(runner: PluginRunner, post: (message: FromThread) => void) {
    this.#runner = runner;
    this.#post = post;
  }

  /** Takes one message of the control thread. */
  take(message: ToCalls): void {
    const { key } = message;
    if (message.kind === "run") void this.#run(key, message.order);
    else if (message.kind === "ask") void this.#end(key, this.#runner.ask(message.endpoint));
    else if (message.kind === "abort") this.#open.get(key)?.cancel();
    else this.#open.get(key)?.makeRoom(message.chunks);
  }

  async #run(key: number, order: CallOrder): Promise<void> {
    const call = new ThreadCall(key, this.#post);
    this.#open.set(key, call);
    await this.#end(key, this.#runner.run(order, call, call.cancellation));
    this.#open.delete(key);
  }

  async #end(key: number, last: Promise<FrameLine>): Promise<void> {
    const line = await last.catch((thrown) => errorLine(failureBody(thrown)));
    this.#post({ kind: "last", key, line });
  }
}

/** One call in the plugin's thread. Only a few of its chunks are on their way at a time, so that a slow reader slows the plugin. */
class ThreadCall implements CallSink {
  readonly #key: number;
  readonly #post: (message: FromThread) => void;
  readonly cancellation: Cancellation = new Cancellation();
  #onTheWay = 0;
  #goOn: (() => void) | undefined;

  constructor(key: number, post: (message: FromThread) => void) {
    this.#key = key;
    this.#post = post;
  }

  report(progress: number, message: string): void {
    this.#post({ kind: "progress", key: this.#key, progress, message });
  }

  async push(line: FrameLine): Promise<void> {
    this.#onTheWay++;
    this.#post({ kind: "chunk", key: this.#key, line });
    if (this.#onTheWay >= CHUNKS_ON_THE_WAY && !this.cancellation.isRequested) await new Promise<void>((resolve) => this.#goOn = resolve);
  }

  makeRoom(chunks: number): void {
    this.#onTheWay -= chunks;
    this.#goOn?.();
  }

  cancel(): void {
    this.cancellation.request();
    this.#goOn?.();
  }
}
