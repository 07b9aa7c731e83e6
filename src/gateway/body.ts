/**
 * The body of a request, read once.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { findLongInteger } from "../protocol/exact_integers.ts";
import type { ValueTypes } from "../protocol/frames.ts";
import { isRecord } from "../protocol/json.ts";
import { decodeValue, toPlace } from "../protocol/values.ts";
import type { GatewayLimits } from "./options.ts";
import { badRequest, refusal } from "./refusal.ts";

/** What a body says. */
export interface ReadBody {
  /** Its members, their values as plugins are given them. */
  readonly body: Readonly<Record<string, unknown>>;
  /** How long it was, in bytes. */
  readonly bytesIn: number;
  /** The files that came with it, which are the reader's to dispose of. */
  readonly uploads?: AsyncDisposable;
}

/** Reads a body, or says why it cannot be had. */
export async function readBody(request: Request, { bodyBytes }: Required<GatewayLimits>): Promise<ReadBody | Response> {
  const bytesIn = Number(request.headers.get("content-length") ?? 0);
  if (request.body !== null && !request.headers.has("content-length")) {
    return refusal(STATUS_CODE.LengthRequired, "The body has no Content-Length", { code: "length_required" });
  }
  if (bytesIn > bodyBytes) {
    return refusal(STATUS_CODE.ContentTooLarge, `The body is longer than ${bodyBytes} bytes`, { code: "body_too_long" });
  }
  const text = await request.text().catch(() => undefined);
  // Its client has left, or sends no more: if anybody reads this, it is not his arguments that are wrong.
  if (text === undefined) return badRequest("The body ended before its Content-Length");
  const body = text === "" ? {} : parsed(text);
  return body instanceof Response ? body : { body, bytesIn };
}

function parsed(text: string): Record<string, unknown> | Response {
  try {
    const whole: unknown = JSON.parse(text);
    if (isRecord(whole)) return decodeBody(whole, text);
  } catch {
    // Told below, as any other body that is no object.
  }
  return badRequest('The body is no JSON object. If it is a file, say so by its media type: "Content-Type: audio/wav"');
}

function decodeBody(whole: object, text: string): Record<string, unknown> | Response {
  const long = findLongInteger(whole, () => text);
  if (long !== undefined) {
    return badRequest(`The integer at "${toPlace(long.path)}" is one that no number of JavaScript holds`);
  }
  const { types, ...body } = whole as { readonly types?: ValueTypes };
  return decodeValue(body, types) as Record<string, unknown>;
}
