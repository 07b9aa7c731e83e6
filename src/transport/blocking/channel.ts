/**
 * One direction of a bridge: messages in order, each told of by a counter. Small ones that are plain JSON lie in shared memory, which takes less than
 * half the time; all others go by a message port.
 *
 * @module
 */
import type * as Threads from "node:worker_threads";
import type { ChannelEnd } from "./messages.ts";
import { isSmallJson, MAX_CHARACTERS } from "./small_json.ts";
import { StoppableWait } from "./stoppable_wait.ts";

/** Where the number of messages sent is counted. */
export const SENT = 0;
/** Where the number of messages taken is counted. */
const TAKEN = 1;
/** The number of the message that lies in shared memory, 0 when none does. */
const HELD = 2;
/** How long that one is, in bytes. */
const LENGTH = 3;

/** The shared memory of one direction. */
export function channelMemory(): Pick<ChannelEnd, "counts" | "bytes"> {
  return {
    counts: new Int32Array(new SharedArrayBuffer(4 * Int32Array.BYTES_PER_ELEMENT)),
    bytes: new Uint8Array(new SharedArrayBuffer(MAX_BYTES)),
  };
}

/** Every character may take three bytes. */
const MAX_BYTES = 3 * MAX_CHARACTERS;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The end of a channel at which messages are put in. */
export class ChannelWriter<Message> {
  readonly #end: ChannelEnd;
  readonly #wait = new StoppableWait();

  constructor(end: ChannelEnd) {
    this.#end = end;
  }

  /**
   * Sends a message.
   *
   * @param memory What is in it and handed over, not copied.
   * @throws {DOMException} When it holds what no thread can be given. Nothing is sent then.
   */
  send(message: Message, memory: readonly ArrayBuffer[] = []): void {
    const { counts, port } = this.#end;
    const number = Atomics.load(counts, SENT) + 1 | 0;
    if (number === 0 || Atomics.load(counts, HELD) !== 0 || !this.#hold(message, number)) port.postMessage(message, [...memory]);
    Atomics.store(counts, SENT, number);
    Atomics.notify(counts, SENT);
  }

  /** Waits until the other end has taken all messages but so many. */
  waitUntilTaken(allBut: number): void {
    const { counts } = this.#end;
    while (true) {
      const taken = Atomics.load(counts, TAKEN);
      // The counters wrap; their difference, taken as 32 bits, does not mind.
      if ((Atomics.load(counts, SENT) - taken | 0) <= allBut) return;
      this.#wait.while(counts, TAKEN, taken);
    }
  }

  #hold(message: Message, number: number): boolean {
    if (!isSmallJson(message)) return false;
    const text = JSON.stringify(message);
    if (text.length > MAX_CHARACTERS) return false;
    const { counts, bytes } = this.#end;
    Atomics.store(counts, LENGTH, encoder.encodeInto(text, bytes).written);
    Atomics.store(counts, HELD, number);
    return true;
  }
}

/** The end of a channel from which messages are taken. */
export class ChannelReader<Message> {
  readonly #end: ChannelEnd;
  readonly #wait = new StoppableWait();
  readonly #receive: typeof Threads.receiveMessageOnPort;
  #taken: number;

  constructor(end: ChannelEnd) {
    this.#end = end;
    // Not imported at the top: it costs every program some 20 ms to load, and only those that block need it.
    this.#receive = globalThis.process.getBuiltinModule("node:worker_threads").receiveMessageOnPort;
    this.#taken = Atomics.load(end.counts, TAKEN);
  }

  /** The next message; `undefined` when there is none yet. */
  take(): Message | undefined {
    const { counts } = this.#end;
    if (!this.hasMore()) return undefined;
    const number = this.#taken + 1 | 0;
    const message = Atomics.load(counts, HELD) === number ? this.#held() : this.#received();
    if (message === undefined) return undefined;
    this.#taken = number;
    Atomics.store(counts, TAKEN, number);
    Atomics.notify(counts, TAKEN);
    return message;
  }

  /** Whether there is a message. */
  readonly hasMore = (): boolean => Atomics.load(this.#end.counts, SENT) !== this.#taken;

  /** Blocks until there is a message. */
  wait(): void {
    this.#wait.while(this.#end.counts, SENT, this.#taken);
  }

  /** Does something, and blocks until a message has come since, or for so many milliseconds. */
  waitAfter(act: () => void, budgetMs: number): void {
    const { counts } = this.#end;
    const sent = Atomics.load(counts, SENT);
    act();
    Atomics.wait(counts, SENT, sent, budgetMs);
  }

  /** Resolves when there is a message. */
  async waitAsync(): Promise<void> {
    const outcome = Atomics.waitAsync(this.#end.counts, SENT, this.#taken);
    if (outcome.async) await outcome.value;
  }

  #held(): Message {
    const { counts, bytes } = this.#end;
    // Copied, for no decoder takes shared memory.
    const text = decoder.decode(bytes.slice(0, Atomics.load(counts, LENGTH)));
    Atomics.store(counts, HELD, 0);
    return JSON.parse(text);
  }

  #received(): Message | undefined {
    return this.#receive(this.#end.port as unknown as Threads.MessagePort)?.message;
  }
}
