/**
 * What a host answers when a plugin calls one of its functions, section 13 of `docs/protocol.md`.
 *
 * @module
 */
import { decodeValue } from "./decode_value.ts";
import type { InlineFile } from "./file_values.ts";
import type { ValueTypes } from "./frames.ts";
import { isRecord } from "./json.ts";
import type { ErrorBody } from "./messages.ts";

/** Why a function has failed. */
export type FunctionError = Omit<ErrorBody, "code">;

/** The body of `POST /callback`. */
export type CallbackAnswer =
  & {
    /** Whose callback it is. */
    readonly call_id: string;
    /** Which one. */
    readonly callback: number;
  }
  & ({
    /** What the function gave. */
    readonly result: unknown;
    /** What in the body JSON lacks. */
    readonly types?: ValueTypes;
  } | {
    /** Why it failed. */
    readonly error: FunctionError;
  });

/**
 * Reads the body of `POST /callback`. Its result has the values that JSON lacks.
 *
 * @throws {TypeError} When it is none.
 */
export function readAnswer(body: Readonly<Record<string, unknown>>): CallbackAnswer {
  const { call_id, callback, error } = body;
  if (typeof call_id !== "string" || !Number.isSafeInteger(callback)) {
    throw new TypeError('"call_id" must be a string, and "callback" a whole number');
  }
  if (Object.hasOwn(body, "result") === isRecord(error)) throw new TypeError('The body must have one of "result" and "error"');
  const ids = { call_id, callback: callback as number };
  return isRecord(error) ? { ...ids, error: errorOf(error) } : { ...ids, result: resultOf(body) };
}

function resultOf({ types, ...body }: Readonly<Record<string, unknown>>): unknown {
  if (types === undefined || types === null) return body["result"];
  if (!isRecord(types)) throw new TypeError('"types" must be an object');
  return (decodeValue(body, types as ValueTypes, { file: bytesOf }) as { result: unknown }).result;
}

function bytesOf(raw: unknown, pointer: string): Uint8Array {
  const bytes = isRecord(raw) && typeof raw["data"] === "string" ? decoded(raw["data"]) : undefined;
  if (bytes === undefined || bytes.length !== (raw as InlineFile).size) {
    throw new TypeError(`"types" names "${pointer}", where no bytes are`);
  }
  return bytes;
}

function decoded(base64: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(base64);
  } catch {
    return undefined;
  }
}

function errorOf({ type, message, traceback, category, retriable }: Readonly<Record<string, unknown>>): FunctionError {
  return {
    type: String(type ?? "Error"),
    message: String(message ?? ""),
    traceback: typeof traceback === "string" ? traceback : "",
    ...(typeof category === "string" ? { category } : {}),
    ...(typeof retriable === "boolean" ? { retriable } : {}),
  };
}
