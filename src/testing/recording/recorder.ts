/**
 * Notes calls as they are made, and what comes of them.
 *
 * @module
 */
import { CallError } from "../../errors.ts";
import { CallParts } from "../../payload/call_parts.ts";
import { becomesPath, take } from "../../payload/take.ts";
import { HeldFile } from "../../payload/held_file.ts";
import type { CallOptions, Kwargs, PluginConfig, Progress } from "../../plugin/interface.ts";
import { lowerFirst } from "../../protocol/text.ts";
import { FILE_TYPE } from "../../protocol/decode_value.ts";
import { toPointer } from "../../protocol/pointers.ts";
import { encodeValue, type FileSlot, fillSlot, UnsendableValueError } from "../../protocol/values.ts";
import type { MadeCall, Make } from "../with_calls.ts";
import { recordedError } from "./errors.ts";
import type { FileStore } from "./files.ts";
import type { RecordedCall, RecordedFile, RecordedFrame } from "./format.ts";
import { givenAgain, readInputs } from "./inputs.ts";

/** What is called, and what with. */
type CallFacts = Pick<MadeCall, "member" | "method"> & { readonly args: readonly unknown[]; readonly kwargs: Kwargs };

/** A call as it is made after it was noted: what can be read only once was read. */
interface Noted {
  readonly call: OpenCall;
  readonly kwargs: Kwargs;
  readonly args: readonly unknown[];
}

/** Notes the calls of one plugin. */
export class Recorder {
  /** The calls in the order in which they were made. */
  readonly calls: RecordedCall[] = [];
  readonly #plugin: string;
  readonly #files: FileStore;
  /** The answers that are being noted, for files take their time. */
  readonly #noting = new Set<Promise<unknown>>();

  /** Has noted nothing yet. */
  constructor(plugin: string, files: FileStore) {
    this.#plugin = plugin;
    this.#files = files;
  }

  /** Makes a call and notes it. */
  async run({ options: { args = [], ...options }, ...facts }: MadeCall, make: Make<Promise<unknown>>): Promise<unknown> {
    const { call, ...given } = await this.#note({ ...facts, args }, options);
    try {
      const result = await make(given.kwargs, call.watching({ ...options, args: given.args }));
      await this.#noted(call.end("result", result));
      return result;
    } catch (error) {
      call.fail(error);
      throw error;
    }
  }

  /** Makes a call that yields, and notes it. One that its reader leaves has no last frame. */
  async *stream(
    { options: { args = [], ...options }, ...facts }: MadeCall,
    make: Make<AsyncGenerator<unknown>>,
  ): AsyncGenerator<unknown, void, void> {
    const { call, ...given } = await this.#note({ ...facts, args }, options);
    try {
      for await (const chunk of make(given.kwargs, call.watching({ ...options, args: given.args }))) {
        await this.#noted(call.end("chunk", chunk));
        yield chunk;
      }
      await call.end("result", null);
    } catch (error) {
      call.fail(error);
      throw error;
    }
  }

  /** Gives the plugin a configuration, and notes that. */
  async configure(member: string, config: PluginConfig, give: (config: PluginConfig) => Promise<void>): Promise<void> {
    await this.run({ member, method: undefined, kwargs: config, options: {} }, (kwargs) => give(kwargs!));
  }

  /** Waits until all answers that have come are noted. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#noting);
  }

  async #noted<T>(work: Promise<T>): Promise<T> {
    this.#noting.add(work);
    try {
      return await work;
    } finally {
      this.#noting.delete(work);
    }
  }

  async #note(facts: CallFacts, options: CallOptions): Promise<Noted> {
    const { member, method, args, kwargs } = facts;
    const taken = this.#taken(facts);
    const call = new OpenCall({ member, ...method !== undefined && { method }, arguments: taken.body, frames: [] }, this.#files);
    this.calls.push(call.recorded);
    if (taken.slots.length === 0) return { call, args, kwargs };
    const name = { plugin: this.#plugin, member: method ?? member };
    const inputs = await readInputs(taken.slots, { name, options, files: this.#files }).catch((error) => {
      this.calls.splice(this.calls.indexOf(call.recorded), 1); // It never came to the plugin.
      throw error;
    });
    call.recorded.files = inputs.map(({ recorded }) => recorded);
    return { call, ...givenAgain(taken.body, inputs) };
  }

  /** What it is called with is taken at once. */
  #taken({ member, method = member, args, kwargs }: CallFacts): { body: RecordedCall["arguments"]; slots: readonly FileSlot[] } {
    try {
      const { value, types, slots = [] } = encodeValue({ args, kwargs }, becomesPath);
      const body = JSON.parse(JSON.stringify({ ...value as object, ...types && { types } }));
      return { body, slots: slots.map((slot) => ({ ...slot, source: take(slot.source) })) };
    } catch (cause) {
      const what = cause instanceof UnsendableValueError ? lowerFirst(cause.message) : String(cause);
      const plugin = this.#plugin;
      throw new CallError("invalid_arguments", `Cannot record "${method}" of "${plugin}": ${what}`, { plugin, cause });
    }
  }
}

/** A call that goes on. */
class OpenCall {
  readonly recorded: RecordedCall;
  readonly #files: FileStore;
  readonly #began = performance.now();

  constructor(recorded: RecordedCall, files: FileStore) {
    this.recorded = recorded;
    this.#files = files;
  }

  /** The options by which it is told of progress too. */
  watching(options: CallOptions): CallOptions {
    const onProgress = (report: Progress) => {
      this.#add({ at_ms: this.#atMs(), progress: report.progress, message: report.message });
      options.onProgress?.(report);
    };
    return { ...options, onProgress };
  }

  /** Notes a chunk or the result, whose files are read before its caller may let go of them. */
  async end(kind: "chunk" | "result", given: unknown): Promise<void> {
    const at_ms = this.#atMs();
    const { value = null, types, slots = [] } = encodeValue(given, becomesPath);
    let filled: unknown = JSON.parse(JSON.stringify(value));
    const all: Record<string, string> = { ...types };
    for (const slot of slots) {
      filled = fillSlot(filled, slot, await this.#keep(slot.source));
      all[toPointer(slot.path)] = FILE_TYPE;
    }
    const noted = { at_ms, [kind]: filled, ...Object.keys(all).length > 0 && { types: all } };
    this.#add(noted as RecordedFrame);
  }

  /** Notes how it failed. What its caller has ended says nothing of the plugin. */
  fail(thrown: unknown): void {
    const error = recordedError(thrown);
    if (error !== undefined) this.#add({ at_ms: this.#atMs(), error });
  }

  #add(frame: RecordedFrame): void {
    this.recorded.frames.push(frame);
  }

  async #keep(source: object): Promise<RecordedFile> {
    await using sources = new CallParts(new AbortController().signal);
    const taken = take(source);
    const { file, ...facts } = await this.#files.keep(await sources.open(taken));
    if (taken instanceof HeldFile) taken[Symbol.dispose]();
    return { file, ...facts };
  }

  #atMs(): number {
    return Math.round(10 * (performance.now() - this.#began)) / 10;
  }
}
