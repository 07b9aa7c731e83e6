/**
 * The working end of a bridge: answers the requests of a thread that waits.
 *
 * @module
 */
import { messageOf } from "../../protocol/text.ts";
import type { ProgressBody } from "../../protocol/messages.ts";
import { BriefWait } from "./brief_wait.ts";
import { ChannelReader, ChannelWriter } from "./channel.ts";
import { type BridgeAnswer, type BridgeEnd, type BridgeFailure, type BridgeMessage, Handover, type ToldMessage } from "./messages.ts";
import { causeFromData, errorToData, wordsOf } from "./error_data.ts";

/** What a request's handler is given besides the request. */
export interface BridgeControl {
  /** Aborted when the other side no longer wants the answer; it waits for one all the same. Made when it is asked for first: a signal costs some µs. */
  readonly signal: AbortSignal;
  /** Hands a report over. */
  readonly onProgress: (progress: ProgressBody) => void;
  /** Asks the other side, which answers while it waits. Rejects with what it throws. */
  readonly ask: (question: unknown) => Promise<unknown>;
}

/** Answers one request, by a value or a {@linkcode Handover}. */
export type BridgeHandler<Request> = (request: Request, control: BridgeControl) => Promise<unknown>;

/** How many messages may wait for the other side; a plugin that reports faster than it is listened to is held up. */
const MAX_WAITING = 64;

const MAX_INTERVAL_MS = 2 ** 31 - 1;

/** Answers all requests, any number of them at once, until the thread ends. */
export class BridgeServer<Request> {
  readonly #requests: ChannelReader<BridgeMessage<Request>>;
  readonly #answers: ChannelWriter<BridgeAnswer | BridgeFailure>;
  readonly #handle: BridgeHandler<Request>;
  readonly #open = new Map<number, OpenRequest>();
  /** What the other side was asked for. */
  readonly #asked = new Map<number, PromiseWithResolvers<unknown>>();
  #nextKey = 1;
  /** Long enough for one who calls in a loop to come back. */
  readonly #brief = new BriefWait(0.06);
  #hasNews = false;
  #wake: () => void = () => {};

  /** Begins to listen. */
  constructor(end: BridgeEnd, handle: BridgeHandler<Request>) {
    this.#requests = new ChannelReader(end.requests);
    this.#answers = new ChannelWriter(end.answers);
    this.#handle = handle;
    void this.#listen();
    // Without these the thread would end, and the other side wait for ever.
    globalThis.addEventListener("error", (event) => this.#break(event, event.error));
    globalThis.addEventListener("unhandledrejection", (event) => this.#break(event, event.reason));
  }

  async #listen(): Promise<never> {
    // To wait for shared memory does not keep a thread alive.
    setInterval(() => {}, MAX_INTERVAL_MS);
    while (true) {
      for (let message = this.#requests.take(); message !== undefined; message = this.#requests.take()) this.#receive(message);
      if (this.#open.size > 0 && this.#asked.size === 0) await this.#news();
      if (this.#open.size > 0 || !this.#brief.until(this.#requests.hasMore)) await this.#requests.waitAsync();
    }
  }

  /** Nobody asks for more while one waits for an answer, but for the listener to its progress. */
  async #news(): Promise<void> {
    if (!this.#hasNews) await new Promise<void>((resolve) => this.#wake = resolve);
    this.#hasNews = false;
  }

  #tellNews(): void {
    this.#hasNews = true;
    this.#wake();
  }

  #receive(message: BridgeMessage<Request>): void {
    if ("abort" in message) this.#open.get(message.abort)?.abort();
    else if ("told" in message) this.#told(message);
    else void this.#answer(message.id, message.request);
  }

  async #answer(id: number, request: Request): Promise<void> {
    const control = new OpenRequest((progress) => this.#report(id, progress), (question) => this.#ask(id, question));
    this.#open.set(id, control);
    try {
      const answer = await this.#handle(request, control);
      if (answer instanceof Handover) this.#answers.send({ id, value: answer.value }, answer.memory);
      else this.#send({ id, value: answer });
    } catch (error) {
      this.#fail(id, error);
    } finally {
      this.#open.delete(id);
      this.#tellNews();
    }
  }

  #fail(id: number, error: unknown): void {
    try {
      this.#send({ id, error: errorToData(error) });
    } catch {
      // It holds what no thread can be given; its words can be.
      this.#send({ id, error: wordsOf(error) });
    }
  }

  #report(id: number, { progress, message }: ProgressBody): void {
    this.#tellNews();
    this.#send({ id, progress: { progress, message } });
    this.#answers.waitUntilTaken(MAX_WAITING);
  }

  #ask(id: number, question: unknown): Promise<unknown> {
    const key = this.#nextKey++;
    const answer = Promise.withResolvers<unknown>();
    this.#asked.set(key, answer);
    this.#tellNews();
    this.#send({ id, key, question });
    return answer.promise;
  }

  #told(message: ToldMessage): void {
    const answer = this.#asked.get(message.told);
    this.#asked.delete(message.told);
    if ("error" in message) answer?.reject(causeFromData(message.error));
    else answer?.resolve(message.value);
  }

  #send(message: BridgeAnswer | BridgeFailure): void {
    this.#answers.send(message);
  }

  #break(event: Event, reason: unknown): void {
    event.preventDefault();
    this.#send({ broken: messageOf(reason) });
  }
}

class OpenRequest implements BridgeControl {
  readonly onProgress: BridgeControl["onProgress"];
  readonly ask: BridgeControl["ask"];
  #controller: AbortController | undefined;

  constructor(onProgress: BridgeControl["onProgress"], ask: BridgeControl["ask"]) {
    this.onProgress = onProgress;
    this.ask = ask;
  }

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }

  abort(): void {
    (this.#controller ??= new AbortController()).abort();
  }
}
