/**
 * The blocking end of a bridge: starts a thread that does asynchronous work, and waits for what it answers.
 *
 * @module
 */
import type * as Threads from "node:worker_threads";
import { messageOf } from "../../protocol/text.ts";
import { PermissionDeniedError, PluginStateError } from "../../errors.ts";
import { blockingPermissions } from "../../permissions/blocking.ts";
import { descriptorFlags } from "../../permissions/flags.ts";
import type { ProgressBody } from "../../protocol/messages.ts";
import { BriefWait } from "./brief_wait.ts";
import { channelMemory, ChannelReader, ChannelWriter } from "./channel.ts";
import { StoppableWait } from "./stoppable_wait.ts";
import type { BridgeAnswer, BridgeFailure, BridgeMessage } from "./messages.ts";
import { errorFromData, errorToData, wordsOf } from "./error_data.ts";
import { FIRST_LINES } from "./thread.ts";

/** What goes along with a request. */
export interface AskOptions {
  /** Called in this thread for each report that comes before the answer. When it throws, the request is abandoned. */
  readonly onProgress?: (progress: ProgressBody) => void;
  /** Called in this thread for each question that comes before the answer, and gives what is told. Default: there are none. */
  readonly onQuestion?: (question: unknown) => Told;
  /** What is in the request and handed over, not copied. */
  readonly memory?: readonly ArrayBuffer[];
}

/** What a thread that has asked is told, and what of it is handed over. */
export interface Told {
  readonly value: unknown;
  readonly memory?: readonly ArrayBuffer[];
}

/** A thread that answers requests while its owner waits for it. */
export class BlockingBridge<Request> implements Disposable {
  readonly #plugin: string;
  readonly #threads: typeof Threads;
  readonly #worker: Threads.Worker;
  readonly #port: Threads.MessagePort;
  readonly #requests: ChannelWriter<BridgeMessage<Request>>;
  readonly #answers: ChannelReader<BridgeAnswer | BridgeFailure>;
  readonly #brief = new BriefWait(briefMs());
  /** What came for another request than the one that was waited for: requests nest where `onProgress` makes one. */
  readonly #early: BridgeAnswer[] = [];
  #nextId = 1;
  #broken: string | undefined;

  /**
   * Starts the thread. It does not keep the program alive.
   *
   * @param entry The module that the thread runs. It calls `offerToThread()`.
   * @param plugin What errors call the plugin until its name is known.
   * @throws {PluginStateError} Where a thread may not wait.
   * @throws {PermissionDeniedError} When the host may not read the module.
   */
  constructor(entry: string, plugin: string) {
    this.#plugin = plugin;
    this.#threads = demandThreads(plugin);
    new StoppableWait().hold();
    demandReading(plugin);
    const { port1, port2 } = new this.#threads.MessageChannel();
    this.#port = port1;
    const port = port1 as unknown as MessagePort;
    const [requests, answers] = [channelMemory(), channelMemory()];
    this.#requests = new ChannelWriter({ port, ...requests });
    this.#answers = new ChannelReader({ port, ...answers });
    this.#worker = new this.#threads.Worker(new URL(`data:text/javascript,${encodeURIComponent(FIRST_LINES)}`), {
      workerData: { entry, end: { requests: { port: port2, ...requests }, answers: { port: port2, ...answers } } },
      transferList: [port2],
    });
    this.#worker.unref();
  }

  /**
   * Sends a request and waits for its answer.
   *
   * @throws {PluginStateError} When it cannot be sent, or no request can be answered any more.
   */
  ask(request: Request, { onProgress, onQuestion, memory }: AskOptions = {}): unknown {
    const id = this.#nextId++;
    this.#send({ id, request }, memory);
    let thrown: { readonly error: unknown } | undefined;
    while (true) {
      const message = this.#receive(id);
      if ("progress" in message) thrown ??= this.#report(id, () => onProgress?.(message.progress));
      else if ("question" in message) this.#tell(message.key, () => onQuestion!(message.question));
      else if (thrown !== undefined) throw thrown.error;
      else if ("error" in message) throw errorFromData(message.error);
      else return message.value;
    }
  }

  /** Lets a thread whose answers cannot be read do one thing more before it is ended, for as long as the budget, in milliseconds. */
  askAtLast(request: Request, budgetMs: number): void {
    this.#answers.waitAfter(() => this.#requests.send({ id: this.#nextId++, request }), budgetMs);
  }

  /** Whether the thread can answer nothing any more. */
  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /** Ends the thread, with all that it holds. */
  [Symbol.dispose](): void {
    this.#broken ??= "it was ended";
    this.#port.close();
    void this.#worker.terminate();
  }

  #send(message: BridgeMessage<Request>, memory?: readonly ArrayBuffer[]): void {
    if (this.#broken !== undefined) throw this.#failure(this.#broken);
    try {
      this.#requests.send(message, memory);
    } catch (cause) {
      const plugin = this.#plugin;
      const message =
        `Cannot hand these options to the thread of the blocking proxy of "${plugin}": they hold more than data. Use RemotePluginProxy`;
      throw new PluginStateError(message, { plugin, cause });
    }
  }

  /** The rest of an abandoned request's messages is read all the same, for its thread may be waiting for that. */
  #report(id: number, report: () => void): { readonly error: unknown } | undefined {
    try {
      return void report();
    } catch (error) {
      if (this.#broken === undefined) this.#send({ abort: id });
      return { error };
    }
  }

  /** What the answer throws is told as well. */
  #tell(told: number, answer: () => Told): void {
    try {
      const { value, memory } = answer();
      this.#requests.send({ told, value }, memory);
    } catch (error) {
      if (this.#broken === undefined) this.#tellError(told, error);
    }
  }

  /** What it holds besides its words may be what no thread can be given. */
  #tellError(told: number, error: unknown): void {
    const words = wordsOf(error);
    try {
      this.#requests.send({ told, error: { ...errorToData(error), ...words } });
    } catch {
      this.#requests.send({ told, error: words });
    }
  }

  #receive(id: number): BridgeAnswer {
    while (true) {
      const early = this.#early.findIndex((message) => message.id === id);
      if (early >= 0) return this.#early.splice(early, 1)[0]!;
      if (this.#broken !== undefined) throw this.#failure(this.#broken);
      if (!this.#brief.until(this.#answers.hasMore)) this.#answers.wait();
      const message = this.#take();
      if (message === undefined) continue;
      if ("broken" in message) this.#broken = message.broken;
      else if (message.id === id) return message;
      else this.#early.push(message);
    }
  }

  /** An answer that cannot be read does not say whose it is: from then on, no request knows whether it gets one. */
  #take(): BridgeAnswer | BridgeFailure | undefined {
    try {
      return this.#answers.take();
    } catch (error) {
      return { broken: `its answer cannot be read: ${messageOf(error)}` };
    }
  }

  #failure(what: string): PluginStateError {
    const plugin = this.#plugin;
    return new PluginStateError(`The thread that works for the blocking proxy of "${plugin}" failed: ${what}. Start the plugin again`, {
      plugin,
    });
  }
}

/** How long to look for an answer before sleeping, in milliseconds. Three threads have to do with a call: where each has a processor, as long as a small call takes. */
function briefMs(): number {
  return navigator.hardwareConcurrency > 2 ? 0.1 : 0.03;
}

/** Not imported at the top: it costs every program some 20 ms to load, and only those that block need it. */
function demandThreads(plugin: string): typeof Threads {
  try {
    // The value is another one, so that this returns at once where waiting is allowed.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
    return globalThis.process.getBuiltinModule("node:worker_threads");
  } catch (cause) {
    const message = `Cannot block this thread for "${plugin}": it may not wait. Use RemotePluginProxy, the asynchronous twin`;
    throw new PluginStateError(message, { plugin, cause });
  }
}

function demandReading(plugin: string): void {
  const missing = blockingPermissions().filter((one) => Deno.permissions.querySync(one).state !== "granted");
  if (missing.length === 0) return;
  const flags = descriptorFlags(missing);
  const message = `Cannot start a blocking proxy of "${plugin}": its thread may not read this package's own modules. Add ${
    flags.join(" ")
  }`;
  throw new PermissionDeniedError(message, { plugin, missing, flags });
}
