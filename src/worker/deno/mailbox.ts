/**
 * The memory in which the control thread leaves the next order for the plugin's thread. A message between the threads costs several times as much.
 *
 * The plugin can write there as well. It would keep from itself what it is to do, and nothing in it is believed by the control thread.
 *
 * @module
 */

import { type BellMemory, bellMemory, ThreadBell } from "./thread_bell.ts";

/** The memory, as both threads see it. */
export interface MailboxMemory {
  /** How many bytes lie there; none when it is empty. */
  readonly length: Int32Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Wakes the plugin's thread. */
  readonly bell: BellMemory;
}

/** The longest text that is left here, in characters, each of which may take three bytes. */
const MOST_CHARACTERS = 16 * 1024;

/** Makes the memory. */
export function mailboxMemory(): MailboxMemory {
  const bytes = new Uint8Array(new SharedArrayBuffer(3 * MOST_CHARACTERS));
  return { length: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), bytes, bell: bellMemory() };
}

/** One text at a time, from the control thread. */
export class Mailbox {
  readonly memory: MailboxMemory;
  readonly bell: ThreadBell;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();

  /** Uses this memory, as the other thread does. */
  constructor(memory: MailboxMemory) {
    this.memory = memory;
    this.bell = new ThreadBell(memory.bell);
  }

  /** Leaves a text. Returns whether there was room for it. */
  put(text: string): boolean {
    const { length, bytes } = this.memory;
    if (text.length > MOST_CHARACTERS || Atomics.load(length, 0) !== 0) return false;
    Atomics.store(length, 0, this.#encoder.encodeInto(text, bytes).written);
    this.bell.ring();
    return true;
  }

  /** Whether no text lies here. */
  get isEmpty(): boolean {
    return Atomics.load(this.memory.length, 0) === 0;
  }

  /** Takes the text that lies here, if there is one. */
  take(): string | undefined {
    const { length, bytes } = this.memory;
    this.bell.silence();
    const count = Atomics.load(length, 0);
    if (count === 0) return undefined;
    // Copied, for no decoder takes shared memory.
    const text = this.#decoder.decode(bytes.slice(0, count));
    Atomics.store(length, 0, 0);
    return text;
  }
}
