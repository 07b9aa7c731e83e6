/**
 * The body of a request with files, section 7 of `docs/protocol.md`.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { type LabelledBody, PARTS_HEADER, readLabels } from "../protocol/parts.ts";
import { messageOf } from "../protocol/text.ts";
import { decodeValue, FILE_TYPE } from "../protocol/values.ts";
import { ArrivingBytes, ArrivingParts, UploadError } from "./arriving_parts.ts";
import { type BodyContext, decodeBody, noRoom, type ReadBody, tooLong } from "./body.ts";
import type { Asked } from "./context.ts";
import { badRequest, refusal } from "./refusal.ts";

/** Whether a request has files behind its JSON. */
export function hasParts({ headers }: Request): boolean {
  return headers.has(PARTS_HEADER);
}

/** Reads the JSON of a body, whose files are read when the call is sent; or says why it cannot be had. */
export async function readPartsBody(asked: Asked, { options: { limits }, patience }: BodyContext): Promise<ReadBody | Response> {
  const { headers, body } = asked.req.raw;
  const digits = headers.get(PARTS_HEADER)!;
  if (!/^\d{1,15}$/.test(digits)) return badRequest(`"${PARTS_HEADER}" is no number of bytes`);
  const length = Number(digits);
  if (length > limits.bodyBytes) return tooLong(limits);
  if (body === null) return badRequest("The body is missing");
  if (!asked.get("place").take(length)) return noRoom();
  const bytes = new ArrivingBytes(body, patience.body);
  try {
    const text = await textOf(bytes, length);
    return withFiles(readLabels(JSON.parse(text)), { text, bytes });
  } catch (error) {
    bytes[Symbol.dispose]();
    if (bytes.isOver) return refusal(STATUS_CODE.RequestTimeout, "The body came too slowly", { code: "body_too_slow" });
    return badRequest(`The body's parts are wrong: ${messageOf(error)}`);
  }
}

interface Arriving {
  readonly text: string;
  readonly bytes: ArrivingBytes;
}

function withFiles({ body: raw, labels }: LabelledBody, { text, bytes }: Arriving): ReadBody | Response {
  const parts = new ArrivingParts(labels, bytes);
  const body = decodeBody(raw, text);
  if (body instanceof Response) {
    bytes[Symbol.dispose]();
    return body;
  }
  labels.forEach(({ at }, index) => decodeValue(body, { [at]: FILE_TYPE }, () => parts.files[index]));
  return { body, bytesIn: text.length, bytes };
}

async function textOf(bytes: ArrivingBytes, length: number): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  for (let left = length; left > 0;) {
    const piece = await bytes.some();
    if (piece === undefined) throw new UploadError("The body ended before its JSON did");
    const used = piece.subarray(0, left);
    text += decoder.decode(used, { stream: true });
    left -= used.length;
    if (used.length < piece.length) bytes.giveBack(piece.subarray(used.length));
  }
  return text + decoder.decode();
}
