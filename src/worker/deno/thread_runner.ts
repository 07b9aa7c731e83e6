/**
 * Runs a plugin in a thread of its own, with permissions of its own.
 *
 * @module
 */
import type { ErrorBody, PluginTarget } from "../../protocol/messages.ts";
import type { CallSink } from "./call_sink.ts";
import { BriefSleep } from "./brief_sleep.ts";
import type { Cancellation } from "./cancelling.ts";
import { errorBody } from "./error_body.ts";
import { errorLine, type FrameLine, lengthOf, ReceivedLine } from "./frame_line.ts";
import { RingReader } from "./frame_ring.ts";
import { Mailbox, mailboxMemory } from "./mailbox.ts";
import type { FilesQuestion } from "./files_question.ts";
import type { CallOrder, GatheredCall, PluginRunner, PluginState, QuestionEndpoint } from "./plugin_runner.ts";
import { removeFiles, type ScratchFiles } from "./scratch_files.ts";
import { describeCrash } from "./thread_crash.ts";
import { surroundingsEntry, threadEntry, threadPermissions } from "./thread_entry.ts";
import { type FromThread, joinOrder, noFrame, type OrderText, orderText, readFromThread, ROOM, type ToThread } from "./thread_messages.ts";

interface OpenRun {
  readonly sink?: CallSink;
  readonly end: (last: FrameLine) => void;
  /** Chunks taken since the thread was told of room, and how long they were. */
  taken: { chunks: number; characters: number };
}

/** What a thread is started with besides its plugin. */
export interface ThreadRunnerOptions {
  readonly files?: ScratchFiles;
  /** Whether it runs one call at a time, so that nothing else waits while this one is waited for. Default: no. */
  readonly runsOne?: boolean;
  /** Whether calls of `execute` are answered by `executeBatch`. Default: no. */
  readonly batches?: boolean;
}

/** A plugin in a thread of its own. */
export class ThreadRunner implements PluginRunner {
  readonly settled: Promise<void>;
  /** Resolves when all that the plugin has given by now has been sent. */
  flushed: () => Promise<void> = () => Promise.resolve();
  #state: PluginState = { status: "loading" };
  #thread: Worker | undefined;
  /** What the thread has said of an error that is about to end it. */
  #announced: ErrorBody | undefined;
  readonly #files: ScratchFiles | undefined;
  readonly #runsOne: boolean;
  readonly #settle: () => void;
  readonly #runs = new Map<number, OpenRun>();
  #lastKey = 0;
  #ring = new RingReader();
  #sleep = new BriefSleep(this.#ring.bell);
  #orders = new Mailbox(mailboxMemory());

  /** Starts the thread, and in it the plugin. */
  constructor(target: PluginTarget, { files, runsOne = false, batches = false }: ThreadRunnerOptions = {}) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#files = files;
    this.#runsOne = runsOne;
    this.settled = promise;
    this.#settle = resolve;
    try {
      this.#thread = this.#start(target, batches);
    } catch (thrown) {
      this.#fail(errorBody("load_error", thrown));
    }
  }

  get state(): PluginState {
    return this.#state;
  }

  run(order: CallOrder, sink: CallSink, cancellation: Cancellation): Promise<FrameLine> {
    return this.#send(sink, (key) => {
      cancellation.onRequest(() => this.#post({ kind: "abort", key }));
      if (order.functions !== undefined) sink.answers.listen((answer) => this.#post({ kind: "answer", key, answer }));
      return orderText(key, order);
    });
  }

  ask(endpoint: QuestionEndpoint): Promise<FrameLine> {
    return this.#send(undefined, (key) => ({ kind: "ask", key, endpoint }));
  }

  runTogether(calls: readonly GatheredCall[]): readonly Promise<FrameLine>[] {
    const { failure } = this.#state;
    if (failure !== undefined) return calls.map(() => Promise.resolve(errorLine(failure)));
    const orders: OrderText[] = [];
    const lasts = calls.map(({ order, sink, cancellation }) =>
      new Promise<FrameLine>((resolve) => {
        const key = this.#open(sink, resolve);
        cancellation.onRequest(() => this.#post({ kind: "abort", key }));
        if (order.functions !== undefined) sink.answers.listen((answer) => this.#post({ kind: "answer", key, answer }));
        orders.push(orderText(key, order));
      })
    );
    this.#post({ kind: "together", orders });
    return lasts;
  }

  #send(sink: CallSink | undefined, message: (key: number) => ToThread): Promise<FrameLine> {
    const { failure } = this.#state;
    if (failure !== undefined) return Promise.resolve(errorLine(failure));
    return new Promise((resolve) => {
      this.#post(message(this.#open(sink, resolve)));
      if (this.#runsOne) this.#awaitFrames();
    });
  }

  #open(sink: CallSink | undefined, end: OpenRun["end"]): number {
    const key = this.#newKey();
    this.#runs.set(key, { sink, end, taken: { chunks: 0, characters: 0 } });
    return key;
  }

  /** Stays out of the event loop when the call is likely to end soon. */
  #awaitFrames(): void {
    if (this.#sleep.begin(() => this.#ring.isEmpty)) this.#takeFrames();
  }

  /** The ring has 32 bits for a key. */
  #newKey(): number {
    do this.#lastKey = this.#lastKey % 2 ** 30 + 1; while (this.#runs.has(this.#lastKey));
    return this.#lastKey;
  }

  #post(message: ToThread): void {
    // What is posted next is looked at when this has been taken.
    if (message.kind === "order" && this.#orders.put(joinOrder(message))) return;
    this.#thread?.postMessage(message);
    this.#orders.bell.wake();
  }

  #start(target: PluginTarget, batches: boolean): Worker {
    const surroundings = surroundingsEntry(target);
    if (surroundings !== undefined) void this.settled.then(() => URL.revokeObjectURL(surroundings));
    const thread = new Worker(threadEntry(target, { files: this.#files, surroundings, batches }), {
      type: "module",
      name: target.name,
      deno: { permissions: threadPermissions(target.permissions, this.#files) },
    });
    thread.addEventListener("message", ({ data }) => this.#take(data));
    thread.addEventListener("error", (event) => {
      event.preventDefault();
      this.#takeFrames();
      this.#fail(this.#announced ?? describeCrash(event.message));
    });
    return thread;
  }

  #take(said: unknown): void {
    // What a thread that has failed says afterwards must not bring it back.
    if (this.#state.failure !== undefined) return;
    // What the thread has left by now it has left before.
    this.#takeFrames();
    this.#ring.noteMessage();
    const message = readFromThread(said, this.#files?.results);
    if (message !== undefined) this.#handle(message);
  }

  /** Takes what the thread leaves, for as long as it does. */
  async #takeAllFrames(ring: RingReader): Promise<void> {
    while (this.#ring === ring && this.#state.failure === undefined) {
      await ring.untilTold();
      this.#sleep.end();
      if (this.#ring === ring) this.#takeFrames();
    }
  }

  #offerRing(): void {
    this.#post({ kind: "ring", memory: this.#ring.memory, orders: this.#orders.memory });
    void this.#takeAllFrames(this.#ring);
  }

  #takeFrames(): void {
    try {
      for (const { key, ...frame } of this.#ring.take()) {
        const line = new ReceivedLine(frame);
        if (frame.kind === "chunk") void this.#chunk(key, line);
        else this.#end(key, line);
      }
    } catch {
      // The plugin has written there. Nobody knows whose frames it has taken away.
      for (const key of [...this.#runs.keys()]) this.#end(key, noFrame(key).line);
      this.#ring = new RingReader(this.#ring.taken);
      this.#sleep = new BriefSleep(this.#ring.bell);
      // The orders that are left in the old one run before the thread knows of the new ring.
      this.#orders = new Mailbox(mailboxMemory());
      this.#offerRing();
    }
  }

  #handle(message: FromThread): void {
    switch (message.kind) {
      case "ready":
        if (this.#state.status !== "loading") return;
        this.#state = { status: "running", ready: message.ready };
        this.#offerRing();
        return this.#settle();
      case "unloadable":
        return this.#fail(message.error);
      case "progress":
        return this.#runs.get(message.key)?.sink?.report(message.progress, message.message);
      case "log":
        return this.#runs.get(message.key)?.sink?.tell(message.line);
      case "chunk":
        return void this.#chunk(message.key, message.line);
      case "last":
        return this.#end(message.key, message.line);
      case "files":
        return void this.#answer(message.key, message.question);
      case "flush":
        return void this.#flush(message.done);
      case "ending":
        return this.#ending(message.error);
    }
  }

  async #chunk(key: number, line: FrameLine): Promise<void> {
    const run = this.#runs.get(key);
    if (run?.sink === undefined) return removeFiles(line.files);
    await run.sink.push(line);
    run.taken.chunks++;
    run.taken.characters += lengthOf(line);
    if (run.taken.chunks < ROOM.chunks && run.taken.characters < ROOM.characters) return;
    this.#post({ kind: "room", key, chunks: run.taken.chunks });
    run.taken = { chunks: 0, characters: 0 };
  }

  async #answer(key: number, question: FilesQuestion | undefined): Promise<void> {
    if (this.#files !== undefined) this.#post({ kind: "files", key, answer: await this.#files.answer(question) });
  }

  async #flush(done: Int32Array): Promise<void> {
    await this.flushed();
    Atomics.store(done, 0, 1);
    Atomics.notify(done, 0);
  }

  #end(key: number, last: FrameLine): void {
    const run = this.#runs.get(key);
    if (run === undefined) return removeFiles(last.files);
    this.#runs.delete(key);
    run.end(last);
  }

  /** An error may still be caught by the plugin's own listeners; a thread that closes is gone. */
  #ending(error: ErrorBody): void {
    if (error.type === "PluginExit") this.#fail(error);
    else this.#announced = error;
  }

  /** The plugin cannot run, and never will. Before it is loaded that is an error of its loading. */
  #fail(error: ErrorBody): void {
    if (this.#state.failure !== undefined) return;
    const failure: ErrorBody = this.#state.status === "loading" ? { ...error, code: "load_error" } : uncaught(error);
    this.#state = { ...this.#state, status: "failed", failure };
    this.#thread?.terminate();
    for (const key of [...this.#runs.keys()]) this.#end(key, errorLine(failure));
    this.#settle();
  }
}

function uncaught(error: ErrorBody): ErrorBody {
  return error.type === "PluginExit" ? error : { ...error, message: `An uncaught error ended the plugin's thread: ${error.message}` };
}
