/**
 * The lines of a call that wait among its frames for a client.
 *
 * @module
 */
import type { Frame } from "../../protocol/frames.ts";
import type { WrittenFrame } from "./written_frame.ts";

/** How many lines wait for a client that does not read, and how many characters their frames have; older ones are dropped then. */
const MAX_WAITING = { lines: 1_000, characters: 512 * 1024 } as const;

/** Keeps the lines among the frames of one reply within bounds, and tells how many were dropped. */
export class WaitingLines {
  #count = 0;
  #characters = 0;
  #dropped = 0;

  /** Counts one more. Whether there are too many now. */
  add({ text }: WrittenFrame): boolean {
    this.#count++;
    this.#characters += text.length;
    return this.#count > MAX_WAITING.lines || this.#characters > MAX_WAITING.characters;
  }

  /** The frames without the older half of the lines among them. */
  withoutOlder(frames: readonly WrittenFrame[]): WrittenFrame[] {
    let left = Math.ceil(this.#count / 2);
    this.#dropped += left;
    const kept = frames.filter(({ frame }) => !("log" in frame) || left-- <= 0);
    this.#forget(frames);
    for (const written of kept) if ("log" in written.frame) this.add(written);
    return kept;
  }

  /** Frames that go to the client now, behind a word of those that were dropped before them. */
  taken(frames: WrittenFrame[], write: (frame: Frame) => WrittenFrame): WrittenFrame[] {
    if (this.#count + this.#dropped === 0) return frames;
    this.#forget(frames);
    const dropped = this.#dropped;
    if (dropped === 0) return frames;
    this.#dropped = 0;
    const text = `${dropped} lines were dropped, for nobody read them`;
    return [write({ log: { time: new Date().toISOString(), stream: "host", text } }), ...frames];
  }

  #forget(frames: readonly WrittenFrame[]): void {
    for (const { frame, text } of frames) {
      if (!("log" in frame)) continue;
      this.#count--;
      this.#characters -= text.length;
    }
  }
}
