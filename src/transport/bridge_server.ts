/**
 * The working end of a bridge: answers the requests of a thread that waits.
 *
 * @module
 */
import type { ProgressBody } from "../protocol/messages.ts";
import { type BridgeEnd, type BridgeFailure, type BridgeMessage, type BridgeReply, SENT, TAKEN } from "./bridge_messages.ts";
import { errorToData } from "./error_data.ts";

/** What a request's handler is given besides the request. */
export interface BridgeControl {
  /** Aborted when the other side no longer wants the answer; it waits for one all the same. Made when it is asked for first: a signal costs some µs. */
  readonly signal: AbortSignal;
  /** Hands a report over. */
  readonly onProgress: (progress: ProgressBody) => void;
}

/** Answers one request. */
export type BridgeHandler<Request> = (request: Request, control: BridgeControl) => Promise<unknown>;

/** How many messages may wait for the other side; a plugin that reports faster than it is listened to is held up. */
const MAX_WAITING = 64;

/** Answers all requests, any number of them at once, until the thread ends. */
export class BridgeServer<Request> {
  readonly #end: BridgeEnd;
  readonly #handle: BridgeHandler<Request>;
  readonly #open = new Map<number, OpenRequest>();

  /** Begins to listen. */
  constructor(end: BridgeEnd, handle: BridgeHandler<Request>) {
    this.#end = end;
    this.#handle = handle;
    end.port.onmessage = ({ data }: MessageEvent<BridgeMessage<Request>>) => this.#receive(data);
    // Without these the thread would end, and the other side wait for ever.
    globalThis.addEventListener("error", (event) => this.#break(event, event.error));
    globalThis.addEventListener("unhandledrejection", (event) => this.#break(event, event.reason));
  }

  #receive(message: BridgeMessage<Request>): void {
    if ("abort" in message) this.#open.get(message.abort)?.abort();
    else void this.#answer(message.id, message.request);
  }

  async #answer(id: number, request: Request): Promise<void> {
    const control = new OpenRequest((progress) => this.#report(id, progress));
    this.#open.set(id, control);
    try {
      this.#send({ id, value: await this.#handle(request, control) });
    } catch (error) {
      this.#send({ id, error: errorToData(error) });
    } finally {
      this.#open.delete(id);
    }
  }

  #report(id: number, { progress, message }: ProgressBody): void {
    const { counts } = this.#end;
    this.#send({ id, progress: { progress, message } });
    while (true) {
      const taken = Atomics.load(counts, TAKEN);
      // The counters wrap; their difference, taken as 32 bits, does not mind.
      if ((Atomics.load(counts, SENT) - taken | 0) <= MAX_WAITING) return;
      Atomics.wait(counts, TAKEN, taken);
    }
  }

  #send(reply: BridgeReply | BridgeFailure): void {
    this.#end.port.postMessage(reply);
    Atomics.add(this.#end.counts, SENT, 1);
    Atomics.notify(this.#end.counts, SENT);
  }

  #break(event: Event, reason: unknown): void {
    event.preventDefault();
    this.#send({ broken: reason instanceof Error ? reason.message : String(reason) });
  }
}

class OpenRequest implements BridgeControl {
  readonly onProgress: BridgeControl["onProgress"];
  #controller: AbortController | undefined;

  constructor(onProgress: BridgeControl["onProgress"]) {
    this.onProgress = onProgress;
  }

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }

  abort(): void {
    (this.#controller ??= new AbortController()).abort();
  }
}
