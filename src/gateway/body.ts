/**
 * The body of a request, read once, and no more of it than may be held.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { findLongInteger } from "../protocol/exact_integers.ts";
import type { ValueTypes } from "../protocol/frames.ts";
import { isRecord } from "../protocol/json.ts";
import { decodeValue, toPlace } from "../protocol/values.ts";
import type { Asked } from "./context.ts";
import type { GatewayLimits } from "./options.ts";
import { Patience } from "./patience.ts";
import { badRequest, refusal, tooMuch } from "./refusal.ts";

/** What a body says. */
export interface ReadBody {
  /** Its members, their values as plugins are given them. */
  readonly body: Readonly<Record<string, unknown>>;
  /** How long it was, in bytes. */
  readonly bytesIn: number;
}

/** A slow client has to send so much, in bytes, each time that its time begins anew. */
const STEP_BYTES = 64 * 1024;

/** Reads a body, or says why it cannot be had. */
export async function readBody(asked: Asked, limits: Required<GatewayLimits>): Promise<ReadBody | Response> {
  const read = await readText(asked, limits);
  if (read instanceof Response) return read;
  const body = read.text === "" ? {} : parsed(read.text);
  return body instanceof Response ? body : { body, bytesIn: read.bytesIn };
}

/** The text of a body. */
export interface ReadText {
  readonly text: string;
  /** How long it was, in bytes. */
  readonly bytesIn: number;
}

/** Reads the text of a body, which is empty where there is none, or says why it cannot be had. */
export async function readText(asked: Asked, limits: Required<GatewayLimits>): Promise<ReadText | Response> {
  const { headers, body: stream } = asked.req.raw;
  if (stream === null) return { text: "", bytesIn: 0 };
  const length = headers.get("content-length");
  return length === null ? await readPieces(asked, limits) : await readWhole(asked, { ...limits, length: Number(length) });
}

/** A body whose length is known: the server gives no more than that. */
async function readWhole(asked: Asked, { length, ...limits }: Required<GatewayLimits> & { length: number }): Promise<ReadText | Response> {
  if (length > limits.bodyBytes) return tooLong(limits);
  if (length > STEP_BYTES) return await readPieces(asked, limits);
  if (!asked.get("place").take(length)) return tooMuch("The bodies of other requests take all room");
  using patience = new Patience(limits.bodyMs);
  const text = await Promise.race([asked.req.raw.text().catch(() => null), patience.over]);
  if (text === undefined) return tooSlow(limits);
  return text === null ? cutShort() : { text, bytesIn: length };
}

async function readPieces(asked: Asked, limits: Required<GatewayLimits>): Promise<ReadText | Response> {
  using patience = new Patience(limits.bodyMs);
  const decoder = new TextDecoder();
  const pieces = asked.req.raw.body!.values();
  let [text, bytesIn, renewedAt] = ["", 0, 0];
  while (true) {
    const piece = await Promise.race([pieces.next().catch(() => null), patience.over]);
    if (piece === undefined) return tooSlow(limits);
    if (piece === null) return cutShort();
    if (piece.done) return { text: text + decoder.decode(), bytesIn };
    bytesIn += piece.value.length;
    if (bytesIn > limits.bodyBytes) return tooLong(limits);
    if (!asked.get("place").take(piece.value.length)) return tooMuch("The bodies of other requests take all room");
    text += decoder.decode(piece.value, { stream: true });
    if (bytesIn - renewedAt < STEP_BYTES) continue;
    renewedAt = bytesIn;
    patience.renew();
  }
}

function tooLong({ bodyBytes }: Required<GatewayLimits>): Response {
  return refusal(STATUS_CODE.ContentTooLarge, `The body is longer than ${bodyBytes} bytes`, { code: "body_too_long" });
}

function tooSlow({ bodyMs }: Required<GatewayLimits>): Response {
  const detail = `Less than ${STEP_BYTES} bytes of the body came within ${bodyMs} ms`;
  return refusal(STATUS_CODE.RequestTimeout, detail, { code: "body_too_slow" });
}

/** Its client has left, or sends no more: if anybody reads this, it is not his arguments that are wrong. */
function cutShort(): Response {
  return badRequest("The body ended before its Content-Length");
}

function parsed(text: string): Record<string, unknown> | Response {
  try {
    const whole: unknown = JSON.parse(text);
    if (isRecord(whole)) return decodeBody(whole, text);
  } catch {
    // Told below, as any other body that is no object.
  }
  return badRequest("The body is no JSON object");
}

function decodeBody(whole: object, text: string): Record<string, unknown> | Response {
  const long = findLongInteger(whole, () => text);
  if (long !== undefined) {
    return badRequest(`The integer at "${toPlace(long.path)}" is one that no number of JavaScript holds`);
  }
  const { types, ...body } = whole as { readonly types?: ValueTypes };
  return decodeValue(body, types) as Record<string, unknown>;
}
