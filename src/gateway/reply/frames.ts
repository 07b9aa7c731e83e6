/**
 * What a plugin gives, as the frames of a reply.
 *
 * @module
 */
import { FileResult } from "../../payload/file_result.ts";
import type { Progress } from "../../plugin/interface.ts";
import { INLINE_BYTES, type InlineFile } from "../../protocol/file_values.ts";
import type { LogRecord } from "../../process/output_log.ts";
import { type Frame, isLastFrame } from "../../protocol/frames.ts";
import type { CallbackBody } from "../../protocol/functions.ts";
import { type PartReference, PARTS_MARK } from "../../protocol/parts.ts";
import { MAX_FRAME_BYTES } from "../../protocol/sizes.ts";
import { toPointer } from "../../protocol/pointers.ts";
import { FILE_TYPE } from "../../protocol/decode_value.ts";
import { encodeValue, fillSlot } from "../../protocol/values.ts";
import { WaitingLines } from "./waiting_lines.ts";
import type { WrittenFrame } from "./written_frame.ts";
import { errorBody, type TellOptions } from "./told_errors.ts";

/** Who hears of an operation while it runs. */
export interface OutcomeListeners {
  /** Is called for each report. */
  readonly onProgress: (report: Progress) => void;
  /** Is called for each line that it prints, where those are wanted. */
  readonly onLog?: (record: LogRecord) => void;
}

/** Opens an operation: a stream of chunks, or one result. */
export type OpenOutcome = (listeners: OutcomeListeners) => AsyncIterator<unknown> | Promise<unknown>;

/** How frames are made. */
export interface FrameOptions extends TellOptions {
  /** Whether files go behind their frames. Otherwise they are inside the JSON. */
  readonly takesParts: boolean;
  /** Whether the lines that the operation prints go between its frames. */
  readonly takesLogs: boolean;
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
  /** How many of those that are ready have files. */
  #filed = 0;
  readonly #lines = new WaitingLines();
  #hasLast = false;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  /** Begins with the operation. */
  constructor(open: OpenOutcome, options: FrameOptions) {
    this.#options = options;
    void this.#run(open);
  }

  /** All that has come since the last time, up to the first with files; waits while that is nothing. */
  async take(): Promise<readonly WrittenFrame[]> {
    while (this.#ready.length === 0) await new Promise<void>((resolve) => this.#wakeReader = resolve);
    if (this.#filed > 0) return this.#takeFiled();
    const ready = this.#lines.taken(this.#ready, this.#options.write);
    this.#ready = [];
    this.#length = 0;
    this.#wakeWriter?.();
    return ready;
  }

  #takeFiled(): readonly WrittenFrame[] {
    const taken = this.#ready.splice(0, this.#ready.findIndex(({ files }) => files !== undefined) + 1);
    const ready = this.#lines.taken(taken, this.#options.write);
    this.#filed--;
    if (this.#ready.length > 0) return ready;
    this.#length = 0;
    this.#wakeWriter?.();
    return ready;
  }

  /** Lets go of the operation, whose frames nobody wants any more. */
  drop(): void {
    this.#hasLast = true;
    for (const { files } of this.#ready.splice(0)) letGo(files);
    this.#filed = 0;
    this.#wakeWriter?.();
  }

  async #run(open: OpenOutcome): Promise<void> {
    try {
      const outcome = open({
        onProgress: (report) => this.#add({ ...report }),
        onLog: this.#options.takesLogs ? (record) => this.#addLine(record) : undefined,
      });
      if (!(outcome instanceof Promise)) return await this.#runStream(outcome);
      const value = await outcome;
      const { writeFile } = this.#options;
      if (writeFile !== undefined && value instanceof FileResult) return this.#addFile(value, writeFile);
      const frame = this.#frameOf("result", value ?? null);
      if (frame instanceof Promise) this.#addFiled(await frame);
      else this.#add(frame);
    } catch (error) {
      this.#add({ error: errorBody(error, this.#options) });
    }
  }

  async #runStream(chunks: AsyncIterator<unknown>): Promise<void> {
    try {
      while (!this.#hasLast) {
        const { done, value } = await chunks.next();
        const frame = done ? END : this.#frameOf("chunk", value ?? null);
        if (frame instanceof Promise) this.#addFiled(await frame);
        else this.#add(frame);
        while (this.#length > MAX_AHEAD && !this.#hasLast) await new Promise<void>((resolve) => this.#wakeWriter = resolve);
      }
    } finally {
      // One that was left has more to give, which nobody waits for.
      await chunks.return?.().catch(() => {});
    }
  }

  /** Has the client run a function. Resolves when that is among the frames. */
  async callBack(callback: CallbackBody): Promise<void> {
    const frame = this.#frameOf("callback", callback);
    if (frame instanceof Promise) this.#addFiled(await frame);
    else this.#add(frame);
  }

  #frameOf(key: ValueKey, value: unknown): Frame | Promise<FiledFrame> {
    return frameOf(key, value, this.#options.takesParts);
  }

  /** Files of a frame that nobody wants any more are let go of. The plugin is not asked for more before they are sent. */
  #addFiled({ frame, files }: FiledFrame): void {
    if (files.length === 0) return this.#add(frame);
    if (this.#hasLast) return letGo(files);
    this.#hasLast = isLastFrame(frame);
    this.#ready.push({ frame, files, text: markedLine(frame, files) });
    this.#filed++;
    this.#length += MAX_AHEAD + 1;
    this.#wakeReader?.();
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

  /** Lines do not hold up the plugin: a client that does not read loses the older ones. */
  #addLine({ time, stream, text, level }: LogRecord): void {
    if (this.#hasLast) return;
    const written = this.#options.write({ log: { time: time.toISOString(), stream, text, level } });
    this.#ready.push(written);
    if (this.#lines.add(written)) this.#ready = this.#lines.withoutOlder(this.#ready);
    this.#wakeReader?.();
  }

  #addWritten(written: WrittenFrame): void {
    if (this.#hasLast) return;
    this.#hasLast = isLastFrame(written.frame);
    this.#ready.push(written);
    this.#length += written.text.length;
    this.#wakeReader?.();
  }
}

/** The frames that have a value. */
type ValueKey = "result" | "chunk" | "callback";

/** A frame, and the files that go behind it. */
interface FiledFrame {
  readonly frame: Frame;
  readonly files: readonly FileResult[];
}

/** The frame of a value. Small files travel inside it, and all do to a client that knows no parts. */
function frameOf(key: ValueKey, value: unknown, takesParts: boolean): Frame | Promise<FiledFrame> {
  const { value: encoded, types, slots } = encodeValue(value, (part) => part instanceof FileResult);
  if (slots !== undefined && slots.length > 0) return withFiles(key, { encoded, types, slots, takesParts });
  return (types === undefined ? { [key]: encoded } : { [key]: encoded, types }) as unknown as Frame;
}

type Encoded = ReturnType<typeof encodeValue>;

interface Filed {
  readonly encoded: unknown;
  readonly types: Encoded["types"];
  readonly slots: NonNullable<Encoded["slots"]>;
  readonly takesParts: boolean;
}

async function withFiles(key: ValueKey, { encoded, types, slots, takesParts }: Filed): Promise<FiledFrame> {
  const allTypes: Record<string, string> = { ...types };
  const files: FileResult[] = [];
  let filled = encoded;
  for (const slot of slots) {
    const file = slot.source as FileResult;
    const isPart = takesParts && file.size > INLINE_BYTES;
    filled = fillSlot(filled, slot, isPart ? partOf(file, files) : await inline(file));
    allTypes[toPointer(slot.path)] = FILE_TYPE;
  }
  return { frame: { [key]: filled, types: allTypes } as unknown as Frame, files };
}

function partOf(file: FileResult, files: FileResult[]): PartReference {
  return { part: files.push(file) - 1, size: file.size, media_type: file.mediaType };
}

function markedLine(frame: Frame, files: readonly FileResult[]): string {
  return `${PARTS_MARK}${JSON.stringify({ ...frame, parts: files.map(({ size }) => size) })}\n`;
}

function letGo(files: readonly FileResult[] = []): void {
  for (const file of files) file[Symbol.asyncDispose]().catch(() => {});
}

async function inline(file: FileResult): Promise<InlineFile> {
  await using _file = file;
  if (file.size > MAX_FRAME_BYTES / 4 * 3) throw new RangeError(`The result has a file of ${file.size} bytes, more than a frame carries`);
  return { data: (await file.bytes()).toBase64(), size: file.size, media_type: file.mediaType };
}
