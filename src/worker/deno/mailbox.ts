/**
 * The memory in which the control thread leaves the next order for the plugin's thread. A message between the threads costs several times as much.
 *
 * The plugin can write there as well. It would keep from itself what it is to do, and nothing in it is believed by the control thread.
 *
 * @module
 */

/** The memory, as both threads see it. */
export interface MailboxMemory {
  /** How many bytes lie there; none when it is empty. */
  readonly length: Int32Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
}

/** The longest text that is left here, in characters, each of which may take three bytes. */
const MOST_CHARACTERS = 16 * 1024;

/** Makes the memory. */
export function mailboxMemory(): MailboxMemory {
  const bytes = new Uint8Array(new SharedArrayBuffer(3 * MOST_CHARACTERS));
  return { length: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), bytes };
}

/** One text at a time, from the control thread. */
export class Mailbox {
  readonly memory: MailboxMemory;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();

  /** Uses this memory, as the other thread does. */
  constructor(memory: MailboxMemory) {
    this.memory = memory;
  }

  /** Leaves a text. Returns whether there was room for it. */
  put(text: string): boolean {
    const { length, bytes } = this.memory;
    if (text.length > MOST_CHARACTERS || Atomics.load(length, 0) !== 0) return false;
    Atomics.store(length, 0, this.#encoder.encodeInto(text, bytes).written);
    Atomics.notify(length, 0);
    return true;
  }

  /** Takes the text that lies here, if there is one. */
  take(): string | undefined {
    const { length, bytes } = this.memory;
    const count = Atomics.load(length, 0);
    if (count === 0) return undefined;
    // Copied, for no decoder takes shared memory.
    const text = this.#decoder.decode(bytes.slice(0, count));
    Atomics.store(length, 0, 0);
    return text;
  }

  /** Resolves when a text lies here. */
  async untilPut(): Promise<void> {
    const put = Atomics.waitAsync(this.memory.length, 0, 0);
    if (put.async) await put.value;
  }
}
