/**
 * What an operation was called with, as it was in that moment: its caller may change it at once, while the call waits or is sent again.
 *
 * @module
 */
import { CallError, ProtocolError } from "../errors.ts";
import { type CallFiles, SourceError } from "../payload/call_files.ts";
import type { CallParts } from "../payload/call_parts.ts";
import { ForeignFileError } from "../payload/file_result.ts";
import { HeldFile } from "../payload/held_file.ts";
import { NoRoomError } from "../payload/scratch.ts";
import { becomesPath, take } from "../payload/take.ts";
import { takesArguments } from "../protocol/endpoints.ts";
import type { WireRequest } from "../protocol/exchange.ts";
import type { OutgoingPart } from "../protocol/parts.ts";
import type { ValueTypes } from "../protocol/frames.ts";
import type { GivenFunction } from "../protocol/functions.ts";
import { lowerFirst, messageOf } from "../protocol/text.ts";
import { toPlace, toPointer } from "../protocol/pointers.ts";
import { decodeValue } from "../protocol/decode_value.ts";
import { type EncodedValue, encodeValue, type FileSlot, fillSlot, UnsendableValueError, withoutTypes } from "../protocol/values.ts";
import type { OperationName } from "./failures.ts";
import { outcomeOf } from "./outcome.ts";

/** What an operation is called with. */
export type Body = Readonly<Record<string, unknown>>;

/** What the worker is asked for, and under which name its errors speak of it. */
export interface Operation {
  readonly endpoint: WireRequest["endpoint"];
  readonly member: string;
  /** What it is called with, which is taken then; or what was taken before. */
  readonly body?: Body | TakenBody;
}

/** An operation that waits for its files, and the name by which errors speak of it. */
interface Writing {
  readonly name: OperationName;
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** Stands in the text where the path of a file will be. Nobody else knows it. */
const MARK: string = `file ${crypto.randomUUID()}`;

const NO_SLOTS: readonly FileSlot[] = [];
const NO_FUNCTIONS: readonly GivenFunction[] = [];

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

/** What a body is made of: its text, and what cannot be in that. */
export interface TakenParts extends WrittenBody {
  readonly slots: readonly FileSlot[];
  readonly functions: readonly GivenFunction[];
}

/** The body of an operation, encoded once. */
export class TakenBody implements Disposable {
  readonly #endpoint: Operation["endpoint"];
  readonly #written: WrittenBody;
  /** What becomes a file, in the order in which it stands in the text. */
  readonly slots: readonly FileSlot[];
  /** The functions that the plugin may call, each at its number. */
  readonly functions: readonly GivenFunction[];
  #isLetGo = false;

  private constructor(endpoint: Operation["endpoint"], taken: TakenParts) {
    this.#endpoint = endpoint;
    this.#written = taken;
    this.slots = taken.slots;
    this.functions = taken.functions;
  }

  /**
   * Takes what an operation is called with.
   *
   * @throws {CallError} For what cannot be sent.
   */
  static of({ endpoint, member, body }: Operation, plugin: string): TakenBody {
    const name = { plugin, member };
    if (body instanceof TakenBody) return body.#again(takeAll(body.slots, name));
    const encoded = encodeBody({ endpoint, body }, name);
    const { text, mark } = writeBody(encoded, name);
    return new TakenBody(endpoint, {
      text,
      mark,
      slots: takeAll(encoded.slots ?? NO_SLOTS, name),
      functions: encoded.functions ?? NO_FUNCTIONS,
    });
  }

  #again(slots: readonly FileSlot[]): TakenBody {
    return new TakenBody(this.#endpoint, { ...this.#written, slots, functions: this.functions });
  }

  /** What another thread has written, with the sources of its files in the order in which they stand in the text. */
  static received(endpoint: Operation["endpoint"], taken: TakenParts): TakenBody {
    return new TakenBody(endpoint, taken);
  }

  /** Takes it now, and tells later, to whoever waits for the operation, what was wrong with it. */
  static outcome(operation: Operation, plugin: string): () => TakenBody {
    return outcomeOf(() => TakenBody.of(operation, plugin));
  }

  /** How long the body's JSON is, without the paths of files. */
  get length(): number {
    return this.#written.text?.length ?? 0;
  }

  /** The body's JSON, with the paths of the files, or `null` for what goes behind it; `undefined` where there is no body. */
  json(paths: readonly (string | null)[]): string | undefined {
    const { text, mark } = this.#written;
    if (this.slots.length === 0) return text;
    const pieces = text!.split(JSON.stringify(mark));
    return pieces.reduce((whole, piece, at) => whole + JSON.stringify(paths[at - 1]) + piece);
  }

  /** Writes the files for one worker, and gives their paths. */
  async write(inputs: CallFiles, call: Writing): Promise<readonly string[]> {
    const paths: string[] = [];
    for (const slot of this.slots) paths.push(await inputs.write(slot.source).catch((cause) => explainInput(cause, slot, call)));
    return paths;
  }

  /** Opens the files for a worker that takes them behind the JSON. */
  async open(inputs: CallParts, call: Writing): Promise<readonly OutgoingPart[]> {
    const parts: OutgoingPart[] = [];
    for (const slot of this.slots) {
      const content = await inputs.open(slot.source).catch((cause) => explainInput(cause, slot, call));
      const { size, extension, mediaType: media_type } = content;
      parts.push({ at: toPointer(slot.path), size, extension, media_type, bytes: explained(content.parts, slot, call) });
    }
    return parts;
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
  if (slots.length === 0) return NO_SLOTS;
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

/** An operation whose body was not looked at yet. */
interface RawOperation {
  readonly endpoint: Operation["endpoint"];
  readonly body: Body | undefined;
}

/**
 * Makes the arguments ready for the wire. Only those of calls have room beside them for the names of types that JSON lacks.
 *
 * @throws {CallError} With the code `invalid_arguments`, for what cannot be sent.
 */
export function encodeBody({ endpoint, body }: RawOperation, name: OperationName): EncodedValue {
  if (body === undefined) return { value: undefined };
  try {
    const encoded = encodeValue(body, becomesPath, { takesFunctions: isExecution(endpoint) });
    const { value, types } = encoded;
    if (types === undefined) return encoded;
    if (isExecution(endpoint)) return { ...encoded, value: { ...value as object, types } };
    return { ...encoded, value: withoutTypes(encoded) };
  } catch (cause) {
    if (!(cause instanceof UnsendableValueError)) throw cause;
    throw invalidArguments(cause.message, name, cause);
  }
}

/**
 * The text of what is ready for the wire.
 *
 * @throws {CallError} When no text is as long.
 */
export function textOf(value: unknown, name: OperationName): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw invalidArguments("The arguments are too long or nested too deeply for JSON. Give large ones as bytes or as a file", name, cause);
  }
}

/** Arguments that cannot be sent. */
function invalidArguments(message: string, { plugin, member }: OperationName, cause: unknown): CallError {
  return new CallError("invalid_arguments", `Cannot run "${member}" of "${plugin}": ${lowerFirst(message)}`, { plugin, cause });
}

/** The same bytes. Whoever reads them is told of their failure as of one in a call. */
async function* explained(bytes: OutgoingPart["bytes"], slot: FileSlot, call: Writing): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* bytes;
  } catch (cause) {
    explainInput(cause, slot, call);
  }
}

/** Tells why an argument has not become a file. */
export function explainInput(cause: unknown, { path }: FileSlot, { name: { plugin, member }, signal }: Writing): never {
  if (signal.aborted) throw cause;
  if (cause instanceof ForeignFileError) {
    throw new ProtocolError(`Cannot run "${member}" of "${plugin}": ${cause.message}`, { plugin, cause });
  }
  const reason = lowerFirst(messageOf(cause));
  const what = `Cannot run "${member}" of "${plugin}": the value at "${toPlace(path)}"`;
  if (cause instanceof SourceError) {
    throw new CallError("input_failed", `${what} failed before all of it was read: ${reason}`, { plugin, cause: cause.cause });
  }
  const code = cause instanceof NoRoomError ? "no_room" : "invalid_arguments";
  throw new CallError(code, `${what} cannot become a file: ${reason}`, { plugin, cause });
}

/** Whether it is one whose body names the types that JSON lacks. */
export function isExecution(endpoint: Operation["endpoint"]): boolean {
  return takesArguments(endpoint) || endpoint === "task";
}
