/**
 * The frames of one reply on their way from the plugin to the reader.
 *
 * @module
 */
import { type FrameLine, isLastLine, logLine } from "./frame_line.ts";
import { removeWithFolder } from "./scratch_files.ts";

/** Up to this many frames wait for the reader before the plugin has to. */
const ROOM = 16;

/** Progress reports cannot make a plugin wait, so beyond this many only the newest of them is kept. */
const PROGRESS_ROOM = 256;

/** Neither can printed lines. Beyond this many, or so many characters of them, the older half is dropped. */
const LINES_ROOM = { lines: 1_000, characters: 512 * 1024 } as const;

/** Takes the frames of one reply. */
export interface FrameTaker {
  /** Takes every frame that waits, and waits for one when there is none. The last of all is a result or an error. */
  take(): Promise<readonly FrameLine[]>;
  /** Nothing more is taken: the last frame has been sent, or the reader has gone. */
  leave(): void;
}

/** The frames of one reply, and a way to give it up. */
export interface FrameSource extends FrameTaker {
  /** Cancels the call whose reply it is, unless that has ended. */
  abandon(): void;
}

/** A bounded queue with one reader. What is put in after the last frame is dropped. */
export class FrameQueue implements FrameTaker {
  #waiting: FrameLine[] = [];
  #ended = false;
  #wakeReader: (() => void) | undefined;
  /** Whether the reader may still be busy with what it has taken. */
  #isTaken = false;
  #isLeft = false;
  /** How many printed lines wait, how many characters they have, and how many were dropped since the reader was told. */
  #lines = { count: 0, characters: 0, dropped: 0 };
  readonly #flushed: (() => void)[] = [];
  readonly #writers: (() => void)[] = [];

  /** Adds a progress report. */
  report(line: FrameLine): void {
    if (this.#ended) return;
    const isCrowded = this.#waiting.length >= PROGRESS_ROOM && this.#waiting.at(-1)?.kind === "progress";
    if (isCrowded) this.#waiting.pop();
    this.#add(line);
  }

  /** Adds a line that the call has printed. */
  tell(line: FrameLine): void {
    if (this.#ended) return;
    this.#lines.count++;
    this.#lines.characters += line.text.length;
    this.#add(line);
    if (this.#lines.count > LINES_ROOM.lines || this.#lines.characters > LINES_ROOM.characters) this.#dropLines();
  }

  #dropLines(): void {
    const most = Math.ceil(this.#lines.count / 2);
    let [left, characters] = [most, 0];
    this.#waiting = this.#waiting.filter(({ kind, text }) => {
      if (kind !== "log") return true;
      if (left-- > 0) return false;
      characters += text.length;
      return true;
    });
    this.#lines = { count: this.#lines.count - most, characters, dropped: this.#lines.dropped + most };
  }

  /** Adds a chunk. Resolves when there is room for another, or when the reply has ended. */
  async push(line: FrameLine): Promise<void> {
    if (this.#ended) return;
    this.#add(line);
    if (this.#waiting.length >= ROOM) await new Promise<void>((resolve) => this.#writers.push(resolve));
  }

  /** Adds the last frame. The first one counts, later ones are dropped. */
  end(line: FrameLine): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#add(line);
    this.release();
  }

  /** Lets a writer that waits for room go on. */
  release(): void {
    for (const resolve of this.#writers.splice(0)) resolve();
  }

  /** Takes every frame that waits, and waits for one when there is none. Not to be called again after the last frame. */
  async take(): Promise<readonly FrameLine[]> {
    this.#isTaken = false;
    if (this.#waiting.length === 0) await this.#untilAdded();
    this.#isTaken = true;
    const { dropped } = this.#lines;
    const taken = dropped === 0 ? this.#waiting : [droppedLine(dropped), ...this.#waiting];
    this.#lines = { count: 0, characters: 0, dropped: 0 };
    this.#waiting = [];
    this.release();
    return taken;
  }

  /** Nothing more is taken: the reader has sent the last frame, or has gone. */
  leave(): void {
    this.#isLeft = true;
    for (const { files } of this.#waiting.splice(0)) removeWithFolder(files);
    this.#tellFlushed();
  }

  /** Resolves when the reader has come back from sending what it took and found nothing more, or has left. */
  async flushed(): Promise<void> {
    if (this.#isLeft || (this.#waiting.length === 0 && !this.#isTaken)) return;
    await new Promise<void>((resolve) => this.#flushed.push(resolve));
  }

  async #untilAdded(): Promise<void> {
    this.#tellFlushed();
    await new Promise<void>((resolve) => this.#wakeReader = resolve);
  }

  #tellFlushed(): void {
    for (const resolve of this.#flushed.splice(0)) resolve();
  }

  #add(line: FrameLine): void {
    if (this.#isLeft) return removeWithFolder(line.files);
    this.#waiting.push(line);
    this.#wakeReader?.();
    this.#wakeReader = undefined;
  }
}

function droppedLine(count: number): FrameLine {
  return logLine({ time: new Date().toISOString(), stream: "host", text: `${count} lines were dropped, for nobody read them` });
}

/** The frames of a reply, one by one, to its last. */
export async function* framesOf(reply: Pick<FrameTaker, "take">): AsyncGenerator<FrameLine, void, void> {
  while (true) {
    for (const line of await reply.take()) {
      yield line;
      if (isLastLine(line)) return;
    }
  }
}
