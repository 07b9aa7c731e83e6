/**
 * What the host answers when a plugin calls one of its functions, section 13 of `docs/protocol.md`.
 *
 * @module
 */
import { decodeValue } from "../../protocol/decode_value.ts";
import type { CallbackAnswer } from "../../protocol/functions.ts";
import type { ValueTypes } from "../../protocol/frames.ts";
import { isRecord } from "../../protocol/json.ts";
import { BadBodyError, type Body } from "./call_arguments.ts";
import type { HostError } from "./callback_error.ts";

/**
 * The body of `POST /callback`, with the values that JSON lacks.
 *
 * @throws {BadBodyError} When it is none.
 */
export function readAnswer(body: Body): CallbackAnswer {
  const { call_id, callback, error } = body;
  if (typeof call_id !== "string" || !Number.isSafeInteger(callback)) {
    throw new BadBodyError('"call_id" must be a string, and "callback" a whole number');
  }
  if (Object.hasOwn(body, "result") === isRecord(error)) throw new BadBodyError('The body must have one of "result" and "error"');
  const ids = { call_id, callback: callback as number };
  return isRecord(error) ? { ...ids, error: errorOf(error) } : { ...ids, result: resultOf(body) };
}

function resultOf({ types, ...body }: Body): unknown {
  if (types === undefined || types === null) return body["result"];
  if (!isRecord(types)) throw new BadBodyError('"types" must be an object');
  try {
    return (decodeValue(body, types as ValueTypes, { file: bytesOf }) as Body)["result"];
  } catch (error) {
    throw new BadBodyError((error as Error).message);
  }
}

function bytesOf(raw: unknown, pointer: string): Uint8Array {
  if (isRecord(raw) && typeof raw["data"] === "string") return Uint8Array.fromBase64(raw["data"]);
  throw new TypeError(`"types" names "${pointer}", where no bytes are`);
}

function errorOf({ type, message, traceback, category, retriable }: Readonly<Record<string, unknown>>): HostError {
  return {
    type: String(type ?? "Error"),
    message: String(message ?? ""),
    traceback: typeof traceback === "string" ? traceback : "",
    ...(typeof category === "string" ? { category } : {}),
    ...(typeof retriable === "boolean" ? { retriable } : {}),
  };
}
