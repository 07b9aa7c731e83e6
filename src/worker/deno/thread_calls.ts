/**
 * The calls in the plugin's thread.
 *
 * @module
 */
import { Answers, type CallSink } from "./call_sink.ts";
import type { LogBody } from "../../protocol/log_body.ts";
import { BriefSleep } from "./brief_sleep.ts";
import { Cancellation } from "./cancelling.ts";
import { failureBody } from "./error_body.ts";
import { errorLine, type FrameLine } from "./frame_line.ts";
import { type RingMemory, RingWriter } from "./frame_ring.ts";
import { Mailbox, type MailboxMemory } from "./mailbox.ts";
import type { CallOrder, PluginRunner } from "./plugin_runner.ts";
import type { Posting } from "./posting.ts";
import { ThreadBell } from "./thread_bell.ts";
import { CHARACTERS_ON_THE_WAY, CHUNKS_ON_THE_WAY, type KeyedOrder, readOrder, splitOrder, type ToCalls } from "./thread_messages.ts";

/** Runs what the control thread orders, and tells it what comes of it. */
export class ThreadCalls {
  readonly #runner: PluginRunner;
  readonly #output: Output;
  readonly #open = new Map<number, ThreadCall>();
  #orders: Mailbox | undefined;
  #sleep: BriefSleep | undefined;

  /** Serves a plugin that is loaded. */
  constructor(runner: PluginRunner, posting: Posting) {
    this.#runner = runner;
    this.#output = new Output(posting);
  }

  /** Leaves small frames in this memory from now on, and looks for orders there. */
  useMemory({ memory, orders }: { readonly memory: RingMemory; readonly orders: MailboxMemory }): void {
    this.#output.useRing(memory);
    this.#orders = new Mailbox(orders);
    this.#sleep = new BriefSleep(this.#orders.bell);
    void this.#takeOrders(this.#orders);
  }

  /** Takes the order that has been left, which came before all that is told by a message from now on. */
  takeOrder(): void {
    const text = this.#orders?.take();
    if (text !== undefined) this.take(readOrder(splitOrder(text)));
  }

  async #takeOrders(orders: Mailbox): Promise<void> {
    while (this.#orders === orders) {
      await orders.bell.untilRung();
      this.#sleep?.end();
      this.takeOrder();
    }
  }

  /** Takes one message of the control thread. */
  take(message: ToCalls): void {
    const { key } = message;
    if (message.kind === "run") void this.#run(key, message.order);
    else if (message.kind === "ask") void this.#end(key, this.#runner.ask(message.endpoint));
    else if (message.kind === "abort") this.#open.get(key)?.cancel();
    else if (message.kind === "answer") this.#open.get(key)?.answers.give(message.answer);
    else this.#open.get(key)?.makeRoom(message.chunks);
  }

  /** Runs calls together. */
  takeTogether(orders: readonly KeyedOrder[]): void {
    const calls = orders.map(({ key }) => this.#begin(key));
    const gathered = orders.map(({ order }, index) => ({ order, sink: calls[index]!, cancellation: calls[index]!.cancellation }));
    this.#runner.runTogether(gathered).forEach((last, index) => void this.#finish(orders[index]!.key, last));
  }

  #begin(key: number): ThreadCall {
    const call = new ThreadCall(key, this.#output);
    this.#open.set(key, call);
    return call;
  }

  #run(key: number, order: CallOrder): Promise<void> {
    const call = this.#begin(key);
    return this.#finish(key, this.#runner.run(order, call, call.cancellation));
  }

  async #finish(key: number, last: Promise<FrameLine>): Promise<void> {
    await this.#end(key, last);
    this.#open.delete(key);
    if (this.#open.size === 0) this.#awaitOrder();
  }

  /** Stays out of the event loop when the next order is likely to come soon. */
  #awaitOrder(): void {
    const orders = this.#orders;
    if (orders !== undefined && this.#sleep?.begin(() => orders.isEmpty)) this.takeOrder();
  }

  async #end(key: number, last: Promise<FrameLine>): Promise<void> {
    this.#output.send(key, "last", await last.catch((thrown) => errorLine(failureBody(thrown))));
  }
}

/** What goes to the control thread about calls: small frames by the ring, and all else as messages, in one order. */
class Output {
  readonly #posting: Posting;
  #ring: RingWriter | undefined;

  constructor(posting: Posting) {
    this.#posting = posting;
  }

  useRing(memory: RingMemory): void {
    this.#ring = new RingWriter(memory, this.#posting);
    this.#posting.useBell(new ThreadBell(memory.bell));
  }

  send(key: number, kind: "chunk" | "last", line: FrameLine): void {
    if (!this.#leave(key, line)) this.#posting.post({ kind, key, line });
    else this.#ring!.tell();
  }

  report(key: number, progress: number, message: string): void {
    this.#posting.post({ kind: "progress", key, progress, message });
  }

  tell(key: number, line: LogBody): void {
    this.#posting.post({ kind: "log", key, line });
  }

  #leave(key: number, { kind, text, files }: FrameLine): boolean {
    return files === undefined && (kind === "chunk" || kind === "result") && this.#ring?.write(key, kind, text) === true;
  }
}

/** One call in the plugin's thread. Only a few of its chunks are on their way at a time, so that a slow reader slows the plugin. */
class ThreadCall implements CallSink {
  readonly cancellation: Cancellation = new Cancellation();
  #answers: Answers | undefined;
  readonly #key: number;
  readonly #output: Output;
  /** How long the chunks on their way are, in characters, and all of them together. */
  readonly #lengths: number[] = [];
  #length = 0;
  /** A chunk and a callback may wait for room at the same time. */
  readonly #waiting: (() => void)[] = [];

  constructor(key: number, output: Output) {
    this.#key = key;
    this.#output = output;
  }

  get answers(): Answers {
    return this.#answers ??= new Answers();
  }

  report(progress: number, message: string): void {
    this.#output.report(this.#key, progress, message);
  }

  tell(line: LogBody): void {
    this.#output.tell(this.#key, line);
  }

  async push(line: FrameLine): Promise<void> {
    this.#lengths.push(line.text.length);
    this.#length += line.text.length;
    this.#output.send(this.#key, "chunk", line);
    const isFull = this.#lengths.length >= CHUNKS_ON_THE_WAY || this.#length >= CHARACTERS_ON_THE_WAY;
    if (isFull && !this.cancellation.isRequested) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  makeRoom(chunks: number): void {
    for (const length of this.#lengths.splice(0, chunks)) this.#length -= length;
    this.#goOn();
  }

  cancel(): void {
    this.cancellation.request();
    this.#goOn();
  }

  #goOn(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
