/**
 * What an operation was called with, as it was in that moment: its caller may change it at once, while the call waits or is sent again.
 *
 * @module
 */
import { messageOf } from "../protocol/text.ts";
import { HeldFile } from "../payload/held_file.ts";
import { take } from "../payload/take.ts";
import type { ValueTypes } from "../protocol/frames.ts";
import { decodeValue, type EncodedValue, type FileSlot, fillSlot, toPlace } from "../protocol/values.ts";
import type { OperationName } from "./open_call.ts";
import type { Body, Operation } from "./operations.ts";
import { outcomeOf } from "./outcome.ts";
import { encodeBody, invalidArguments, isExecution, textOf } from "./values.ts";

/** Stands in a text where the path of a file will be. Nobody else knows it. */
const MARK: string = `file ${crypto.randomUUID()}`;

const NO_SLOTS: readonly FileSlot[] = [];

/** The text of a body. */
export interface WrittenBody {
  /** The JSON; `undefined` where there is no body. */
  readonly text: string | undefined;
  /** What stands in it in the place of each file. */
  readonly mark: string;
}

/**
 * Writes a body that is ready for the wire, but for what becomes a file.
 *
 * @throws {CallError} When no text is as long.
 */
export function writeBody({ value, slots = NO_SLOTS }: EncodedValue, name: OperationName): WrittenBody {
  const marked = slots.reduce<unknown>((filled, slot) => fillSlot(filled, slot, MARK), value);
  return { text: value === undefined ? undefined : textOf(marked, name), mark: MARK };
}

/** The body of an operation, encoded once. */
export class TakenBody implements Disposable {
  readonly #endpoint: Operation["endpoint"];
  readonly #written: WrittenBody;
  /** What becomes a file, in the order in which it stands in the text. */
  readonly slots: readonly FileSlot[];
  #isLetGo = false;

  private constructor(endpoint: Operation["endpoint"], written: WrittenBody, slots: readonly FileSlot[]) {
    this.#endpoint = endpoint;
    this.#written = written;
    this.slots = slots;
  }

  /**
   * Takes what an operation is called with.
   *
   * @throws {CallError} For what cannot be sent.
   */
  static of({ endpoint, member, body }: Operation, plugin: string): TakenBody {
    const name = { plugin, member };
    if (body instanceof TakenBody) return new TakenBody(body.#endpoint, body.#written, takeAll(body.slots, name));
    const encoded = encodeBody({ endpoint, body }, name);
    return new TakenBody(endpoint, writeBody(encoded, name), takeAll(encoded.slots ?? NO_SLOTS, name));
  }

  /** What another thread has written, with the sources of its files in the order in which they stand in the text. */
  static received(endpoint: Operation["endpoint"], written: WrittenBody, slots: readonly FileSlot[] = NO_SLOTS): TakenBody {
    return new TakenBody(endpoint, written, slots);
  }

  /** Takes it now, and tells later, to whoever waits for the operation, what was wrong with it. */
  static outcome(operation: Operation, plugin: string): () => TakenBody {
    return outcomeOf(() => TakenBody.of(operation, plugin));
  }

  /** The body's JSON, with the paths of the files; `undefined` where there is no body. */
  json(paths: readonly string[]): string | undefined {
    const { text, mark } = this.#written;
    if (this.slots.length === 0) return text;
    const pieces = text!.split(JSON.stringify(mark));
    return pieces.reduce((text, piece, at) => text + JSON.stringify(paths[at - 1]) + piece);
  }

  /** The body as it was given, of which nobody else has anything. */
  values(): Body | undefined {
    const { text } = this.#written;
    if (text === undefined) return undefined;
    const body = this.slots.reduce((filled, slot) => fillSlot(filled, slot, slot.source), JSON.parse(text));
    if (!isExecution(this.#endpoint)) return body as Body;
    const { types, ...values } = body as Body;
    return decodeValue(values, types as ValueTypes | undefined) as Body;
  }

  /** Lets go of the files of results that were given. */
  [Symbol.dispose](): void {
    if (!this.#isLetGo) letGo(this.slots);
    this.#isLetGo = true;
  }
}

function takeAll(slots: readonly FileSlot[], name: OperationName): readonly FileSlot[] {
  const taken: FileSlot[] = [];
  try {
    for (const slot of slots) taken.push({ ...slot, source: takeOne(slot, name) });
    return taken;
  } catch (error) {
    letGo(taken);
    throw error;
  }
}

function takeOne({ source, path }: FileSlot, name: OperationName): object {
  try {
    return take(source);
  } catch (cause) {
    const what = messageOf(cause);
    throw invalidArguments(`The value at "${toPlace(path)}" cannot become a file: ${what}`, name, cause);
  }
}

function letGo(slots: readonly FileSlot[]): void {
  for (const { source } of slots) if (source instanceof HeldFile) source[Symbol.dispose]();
}
