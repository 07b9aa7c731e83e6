/**
 * What a plugin gives, as the frames of a reply.
 *
 * @module
 */
import { FileResult } from "../payload/file_result.ts";
import type { Progress } from "../plugin/interface.ts";
import type { InlineFile } from "../protocol/file_values.ts";
import { type Frame, isLastFrame } from "../protocol/frames.ts";
import { MAX_FRAME_BYTES } from "../protocol/sizes.ts";
import { encodeValue, FILE_TYPE, fillSlot, toPointer } from "../protocol/values.ts";
import { errorBody, type TellOptions } from "./told_errors.ts";

/** Opens an operation, whose reports go to `onProgress`: a stream of chunks, or one result. */
export type OpenOutcome = (onProgress: (report: Progress) => void) => AsyncIterator<unknown> | Promise<unknown>;

/** A frame, and how it is written for the client. */
export interface WrittenFrame {
  readonly frame: Frame;
  readonly text: string;
  /** The file that is sent instead of a text. */
  readonly file?: FileResult;
}

/** How frames are made. */
export interface FrameOptions extends TellOptions {
  /** How a frame is written. It may put another one in its place, which then ends the reply. */
  readonly write: (frame: Frame) => WrittenFrame;
  /** How a result is written that is nothing but a file. Default: it travels inside of its frame. */
  readonly writeFile?: (file: FileResult) => WrittenFrame;
}

/** A stream has no result but its end. */
const END: Frame = { result: null };

/** The plugin is not asked for more while so many characters wait for the client. */
const MAX_AHEAD = 64 * 1024;

/**
 * The frames of an operation: its reports and chunks as they come, and one last frame. What comes while the client is sent something waits for the next
 * piece, so that many small chunks go together.
 */
export class Frames {
  readonly #options: FrameOptions;
  #ready: WrittenFrame[] = [];
  #length = 0;
  #hasLast = false;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  /** Begins with the operation. */
  constructor(open: OpenOutcome, options: FrameOptions) {
    this.#options = options;
    void this.#run(open);
  }

  /** All that has come since the last time; waits while that is nothing. */
  async take(): Promise<readonly WrittenFrame[]> {
    while (this.#ready.length === 0) await new Promise<void>((resolve) => this.#wakeReader = resolve);
    const ready = this.#ready;
    this.#ready = [];
    this.#length = 0;
    this.#wakeWriter?.();
    return ready;
  }

  /** Lets go of the operation, whose frames nobody wants any more. */
  drop(): void {
    this.#hasLast = true;
    this.#wakeWriter?.();
  }

  async #run(open: OpenOutcome): Promise<void> {
    try {
      const outcome = open((report) => this.#add({ ...report }));
      if (!(outcome instanceof Promise)) return await this.#runStream(outcome);
      const value = await outcome;
      const { writeFile } = this.#options;
      if (writeFile !== undefined && value instanceof FileResult) return this.#addFile(value, writeFile);
      const frame = frameOf("result", value ?? null);
      this.#add(frame instanceof Promise ? await frame : frame);
    } catch (error) {
      this.#add({ error: errorBody(error, this.#options) });
    }
  }

  async #runStream(chunks: AsyncIterator<unknown>): Promise<void> {
    try {
      while (!this.#hasLast) {
        const { done, value } = await chunks.next();
        const frame = done ? END : frameOf("chunk", value ?? null);
        this.#add(frame instanceof Promise ? await frame : frame);
        while (this.#length > MAX_AHEAD && !this.#hasLast) await new Promise<void>((resolve) => this.#wakeWriter = resolve);
      }
    } finally {
      // One that was left has more to give, which nobody waits for.
      await chunks.return?.().catch(() => {});
    }
  }

  /** One that is not sent goes at once. */
  #addFile(file: FileResult, write: (file: FileResult) => WrittenFrame): void {
    const written = write(file);
    if (this.#hasLast || written.file === undefined) void file[Symbol.asyncDispose]();
    this.#addWritten(written);
  }

  /** Nothing comes behind the last frame, neither a report that is late nor what a frame was to be in whose place an error stands. */
  #add(given: Frame): void {
    if (!this.#hasLast) this.#addWritten(this.#options.write(given));
  }

  #addWritten(written: WrittenFrame): void {
    if (this.#hasLast) return;
    this.#hasLast = isLastFrame(written.frame);
    this.#ready.push(written);
    this.#length += written.text.length;
    this.#wakeReader?.();
  }
}

/** The frame of a value. Files travel inside it: whoever attaches from elsewhere shares no folder with the workers. */
function frameOf(key: "result" | "chunk", value: unknown): Frame | Promise<Frame> {
  const { value: encoded, types, slots } = encodeValue(value, (part) => part instanceof FileResult);
  if (slots !== undefined && slots.length > 0) return withFiles(key, { encoded, types, slots });
  return (types === undefined ? { [key]: encoded } : { [key]: encoded, types }) as unknown as Frame;
}

type Encoded = ReturnType<typeof encodeValue>;

async function withFiles(
  key: "result" | "chunk",
  { encoded, types, slots }: { encoded: unknown; types: Encoded["types"]; slots: NonNullable<Encoded["slots"]> },
): Promise<Frame> {
  const allTypes: Record<string, string> = { ...types };
  let filled = encoded;
  for (const slot of slots) {
    filled = fillSlot(filled, slot, await inline(slot.source as FileResult));
    allTypes[toPointer(slot.path)] = FILE_TYPE;
  }
  return { [key]: filled, types: allTypes } as unknown as Frame;
}

async function inline(file: FileResult): Promise<InlineFile> {
  await using _file = file;
  if (file.size > MAX_FRAME_BYTES / 4 * 3) throw new RangeError(`The result has a file of ${file.size} bytes, more than a frame carries`);
  return { data: (await file.bytes()).toBase64(), size: file.size, media_type: file.mediaType };
}
