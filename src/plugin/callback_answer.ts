/**
 * What a function gave or threw, as the body of `POST /callback`.
 *
 * @module
 */
import { contentOf, type FileContent, type InlineFile, isBytes } from "../protocol/file_values.ts";
import { becomesPath } from "../payload/take.ts";
import { FILE_TYPE } from "../protocol/decode_value.ts";
import type { CallbackAnswer } from "../protocol/callback_answer.ts";
import { MAX_CALLBACK_BYTES } from "../protocol/functions.ts";
import { BYTES_MEDIA_TYPE } from "../protocol/media_types.ts";
import { messageOf } from "../protocol/text.ts";
import { toPointer } from "../protocol/pointers.ts";
import { type EncodedValue, encodeValue, fillSlot, UnsendableValueError } from "../protocol/values.ts";

/** What is told of an error that cannot be told. */
export const UNREADABLE = "The function threw what cannot be looked at";

/** Which callback is answered. */
export interface Answered {
  readonly callId: string;
  readonly callback: number;
  /** What the function is called. */
  readonly name: string;
}

/**
 * The answer of a function that gave something.
 *
 * @throws {TypeError} When that cannot be sent.
 */
export function resultText(to: Answered, given: unknown): string {
  const { value, types = {}, slots = [] } = encodeGiven(to, given);
  const allTypes: Record<string, string> = { ...types };
  let body = value;
  for (const slot of slots) {
    body = fillSlot(body, slot, inlineFile(bytesIn(to, slot.source)));
    allTypes[toPointer(slot.path)] = FILE_TYPE;
  }
  return bounded(to, { ...idsOf(to), ...body as { result: unknown }, ...(Object.keys(allTypes).length === 0 ? {} : { types: allTypes }) });
}

/** The answer of a function that threw something. It may be of the caller's own making, and throw in turn. */
export function failureText(to: Answered, thrown: unknown): string {
  try {
    return toldFailure(to, thrown);
  } catch {
    return toldFailure(to, new Error(UNREADABLE));
  }
}

function toldFailure(to: Answered, thrown: unknown): string {
  const type = typeOf(thrown);
  const message = shortened(messageOf(thrown));
  const stack = thrown instanceof Error ? shortened(withoutOwnFrames(String(thrown.stack))) : "";
  return JSON.stringify({ ...idsOf(to), error: { type, message, traceback: stack, ...kindOf(thrown) } } satisfies CallbackAnswer);
}

function idsOf({ callId, callback }: Answered): Pick<CallbackAnswer, "call_id" | "callback"> {
  return { call_id: callId, callback };
}

/**
 * What a function gave, ready for JSON but for the bytes in it.
 *
 * @throws {TypeError} When it cannot be sent.
 */
export function encodeGiven({ name }: Pick<Answered, "name">, given: unknown): EncodedValue {
  try {
    return encodeValue({ result: given ?? null }, becomesPath);
  } catch (error) {
    if (!(error instanceof UnsendableValueError)) throw error;
    throw new TypeError(`What the function "${name}" gave cannot be sent: ${error.message.replace("$.result", "$")}`, { cause: error });
  }
}

/**
 * The bytes in what a function gave.
 *
 * @throws {TypeError} When they are something else that becomes a file elsewhere.
 */
export function bytesIn({ name }: Pick<Answered, "name">, source: object): Uint8Array {
  const content: FileContent | undefined = isBytes(source) ? contentOf(source) : undefined;
  if (content?.mediaType === BYTES_MEDIA_TYPE) return (content.parts as Uint8Array[])[0]!;
  throw new TypeError(`What the function "${name}" gave has a file or an array in it. Give bytes, as a Uint8Array, or plain JSON`);
}

function inlineFile(bytes: Uint8Array): InlineFile {
  return { data: bytes.toBase64(), size: bytes.length, media_type: BYTES_MEDIA_TYPE };
}

/** No character of the text takes more than three bytes. */
function bounded({ name }: Answered, answer: CallbackAnswer): string {
  const text = JSON.stringify(answer);
  if (text.length <= MAX_CALLBACK_BYTES / 3 || new TextEncoder().encode(text).length <= MAX_CALLBACK_BYTES) return text;
  throw new RangeError(`What the function "${name}" gave is longer than ${MAX_CALLBACK_BYTES} bytes as JSON. Give it in pieces`);
}

/** The frames of this folder, below which nothing is the caller's own. */
const OWN_FRAME = /\/src\/plugin\/(?:sent_)?callbacks?(?:_\w+)?\.ts:/;

function withoutOwnFrames(stack: string): string {
  const lines = stack.split("\n");
  const own = lines.findIndex((line) => line.startsWith("    at ") && OWN_FRAME.test(line));
  return (own < 1 ? lines : lines.slice(0, own)).join("\n");
}

const MAX_CHARACTERS = 64 * 1024;

function shortened(text: string): string {
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}… (${text.length} characters)`;
}

function typeOf(thrown: unknown): string {
  return thrown instanceof Error ? shortened(String(thrown.name)) : typeof thrown;
}

/** What an error of a plugin's says of itself. */
function kindOf(thrown: unknown): { category?: string; retriable?: boolean } {
  if (!(thrown instanceof Error)) return {};
  const { category, retriable } = thrown as { category?: unknown; retriable?: unknown };
  return {
    ...(typeof category === "string" ? { category } : {}),
    ...(typeof retriable === "boolean" ? { retriable } : {}),
  };
}
