/**
 * The memory in which the plugin's thread leaves small frames for the control thread. A message between the threads costs as much as all the rest of a
 * chunk; here a frame costs two copies, and the control thread takes all that are there together.
 *
 * The plugin can write to this memory as the worker's own code in its thread can. So the reader believes no number in it, and looks at a frame only when it
 * has copied it.
 *
 * @module
 */

import { type BellMemory, bellMemory, ThreadBell } from "./thread_bell.ts";

/** What the ring carries. All else goes as a message. */
export type RingKind = "chunk" | "result";

/** The memory, as both threads see it. */
export interface RingMemory {
  /** Three numbers: see {@linkcode WRITTEN} and the next. */
  readonly counts: Int32Array<SharedArrayBuffer>;
  /** Wakes the control thread. */
  readonly bell: BellMemory;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
}

/** How many bytes have been written and read, in 32 bits, which wrap. */
const WRITTEN = 0;
const READ = 1;
/** How many messages have been taken. What was posted as one must not be overtaken by what lies here. */
const TAKEN = 2;

const SIZE = 256 * 1024;

/** The most bytes that a frame may take: a few large ones must not fill the ring. */
const LONGEST = SIZE / 4;

/** A record begins with the key of its call, and a number that holds its kind and its length. */
const HEAD = 8;
const KINDS = [undefined, "chunk", "result"] as const;
/** The kind of a record that fills the rest of the ring: none is cut at its end. */
const FILLING = 0;

const BEGINNINGS: Readonly<Record<RingKind, Uint8Array>> = {
  chunk: new TextEncoder().encode('{"chunk":'),
  result: new TextEncoder().encode('{"result":'),
};

const NEWLINE = 10;

/** After so many looks in a row for which there was no wait others come first. */
const MOST_AT_ONCE = 16;

/** Makes the memory. */
export function ringMemory(): RingMemory {
  const counts = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT));
  return { counts, bytes: new Uint8Array(new SharedArrayBuffer(SIZE)), bell: bellMemory() };
}

/** The end of the plugin's thread. */
export class RingWriter {
  readonly #counts: RingMemory["counts"];
  readonly #bytes: RingMemory["bytes"];
  readonly #words: Int32Array;
  readonly #encoder = new TextEncoder();
  readonly #posted: { readonly count: number };
  readonly #bell: ThreadBell;

  /** Writes to this memory, and nobody else does. `posted` tells how many messages were posted. */
  constructor({ counts, bytes, bell }: RingMemory, posted: { readonly count: number }) {
    this.#counts = counts;
    this.#bytes = bytes;
    this.#bell = new ThreadBell(bell);
    this.#words = new Int32Array(bytes.buffer);
    this.#posted = posted;
  }

  /** Leaves a frame. Returns whether there was room for it, and it overtakes no message. */
  write(key: number, kind: RingKind, text: string): boolean {
    const most = recordSize(3 * text.length);
    if (most > LONGEST || Atomics.load(this.#counts, TAKEN) !== this.#posted.count) return false;
    const at = this.#placeFor(most);
    if (at === undefined) return false;
    const { written } = this.#encoder.encodeInto(text, this.#bytes.subarray(at + HEAD, at + most));
    this.#finish(at, { key, kind: KINDS.indexOf(kind), length: written });
    return true;
  }

  /** Tells the reader that something lies here, unless it has been told. */
  tell(): void {
    this.#bell.ring();
  }

  #placeFor(size: number): number | undefined {
    const written = Atomics.load(this.#counts, WRITTEN);
    const free = SIZE - (written - Atomics.load(this.#counts, READ) | 0);
    const at = written & (SIZE - 1);
    const left = SIZE - at;
    if (left >= size) return free >= size ? at : undefined;
    if (free < left + size) return undefined;
    this.#finish(at, { key: 0, kind: FILLING, length: left - HEAD });
    return 0;
  }

  #finish(at: number, { key, kind, length }: { key: number; kind: number; length: number }): void {
    this.#words[at >> 2] = key;
    this.#words[(at >> 2) + 1] = length << 2 | kind;
    Atomics.add(this.#counts, WRITTEN, recordSize(length));
  }
}

/** A frame as it was found, with its line's end. */
export interface RingFrame {
  readonly key: number;
  readonly kind: RingKind;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The control thread's end. */
export class RingReader {
  readonly memory: RingMemory = ringMemory();
  readonly bell: ThreadBell = new ThreadBell(this.memory.bell);
  readonly #words = new Int32Array(this.memory.bytes.buffer);
  #read = 0;
  #taken: number;
  #toldAtOnce = 0;

  /** Makes the memory. `taken` tells how many messages have been taken before. */
  constructor(taken = 0) {
    this.#taken = taken;
    Atomics.store(this.memory.counts, TAKEN, taken);
  }

  /** How many messages have been taken, in 32 bits, which wrap. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Resolves when something lies here. A message that tells it would cost several times as much.
   *
   * The plugin can say so without end. All else that this thread does must go on then.
   */
  async untilTold(): Promise<void> {
    this.#toldAtOnce = await this.bell.untilRung() ? 0 : this.#toldAtOnce + 1;
    if (this.#toldAtOnce > MOST_AT_ONCE) await new Promise((resolve) => setTimeout(resolve));
  }

  /** Whether nothing lies here. */
  get isEmpty(): boolean {
    return Atomics.load(this.memory.counts, WRITTEN) === this.#read;
  }

  /** Notes that a message has been taken. */
  noteMessage(): void {
    this.#taken = this.#taken + 1 | 0;
    Atomics.store(this.memory.counts, TAKEN, this.#taken);
  }

  /**
   * Takes what lies here.
   *
   * @throws {TypeError} When that is nothing that a worker writes.
   */
  take(): RingFrame[] {
    const { counts } = this.memory;
    this.bell.silence();
    const written = Atomics.load(counts, WRITTEN);
    const frames: RingFrame[] = [];
    for (let left = written - this.#read | 0; left !== 0;) {
      const { size, frame } = this.#record(left);
      if (frame !== undefined) frames.push(frame);
      this.#read = this.#read + size | 0;
      left -= size;
    }
    Atomics.store(counts, READ, this.#read);
    return frames;
  }

  #record(left: number): { readonly size: number; readonly frame?: RingFrame } {
    const at = this.#read & (SIZE - 1);
    const [key, head] = [this.#words[at >> 2]!, this.#words[(at >> 2) + 1]!];
    const length = head >>> 2;
    const size = recordSize(length);
    const kind = KINDS[head & 3];
    if (left < 0 || left > SIZE || size > left || at + size > SIZE) {
      throw new TypeError("The frames in the memory between the threads have no bounds");
    }
    if (kind === undefined) return { size };
    // One byte more, for the line's end.
    const bytes = new Uint8Array(length + 1);
    bytes.set(this.memory.bytes.subarray(at + HEAD, at + HEAD + length));
    bytes[length] = NEWLINE;
    if (!isFrame(bytes, kind)) throw new TypeError("What lies in the memory between the threads is no frame");
    return { size, frame: { key, kind, bytes } };
  }
}

/** Records begin at multiples of their head's size, so that there is always room for one. */
function recordSize(length: number): number {
  return HEAD + (length + HEAD - 1 & -HEAD);
}

/** A frame must not pass for two, or for one of another kind: the next request on its connection would be given the rest of it. */
function isFrame(bytes: Uint8Array, kind: RingKind): boolean {
  return bytes.indexOf(NEWLINE) === bytes.length - 1 && BEGINNINGS[kind].every((byte, at) => bytes[at] === byte);
}
