/**
 * The body of a request with files, section 7 of `docs/protocol.md`.
 *
 * @module
 */
import { endpointRule, type RequestEndpoint } from "../../protocol/endpoints.ts";
import { type LabelledBody, PARTS_HEADER, readLabels } from "../../protocol/parts.ts";
import { messageOf } from "../../protocol/text.ts";
import { decodeValue, FILE_TYPE } from "../../protocol/decode_value.ts";
import { ArrivingBytes, SlowBodyError, UploadError } from "./arriving_bytes.ts";
import { ArrivingParts } from "./arriving_parts.ts";
import { type BodyContext, decodeBody, noRoom, type ReadBody, tooLong, tooSlow } from "./body.ts";
import { type Asked, placeOf } from "../context.ts";
import { badRequest } from "../reply/refusal.ts";

/** Whether a request has files behind its JSON. */
export function hasParts({ headers }: Request): boolean {
  return headers.has(PARTS_HEADER);
}

/** What a request with files asks for. */
interface PartsRequest {
  readonly endpoint: RequestEndpoint;
}

/** Reads the JSON of a body, whose files are read when the call is sent; or says why it cannot be had. */
export async function readPartsBody(asked: Asked, { endpoint }: PartsRequest, context: BodyContext): Promise<ReadBody | Response> {
  const { options: { limits }, patience } = context;
  const { headers, body } = asked.req.raw;
  if (!endpointRule(endpoint).isCall) return badRequest(`"${endpoint}" takes no files`);
  const digits = headers.get(PARTS_HEADER)!;
  if (!/^\d{1,15}$/.test(digits)) return badRequest(`"${PARTS_HEADER}" must be the number of bytes that the JSON has`);
  const length = Number(digits);
  if (length > limits.bodyBytes) return tooLong(limits);
  if (body === null) return badRequest("The body is missing");
  if (!placeOf(asked).take(length)) return noRoom();
  const bytes = new ArrivingBytes(body, patience.body);
  try {
    const text = await textOf(bytes, length);
    const labelled = readLabels(JSON.parse(text));
    const parts = new ArrivingParts(labelled.labels, bytes);
    const isKept = endpoint === "initialize" || endpoint === "reconfigure";
    const files = isKept ? await parts.gather((count) => placeOf(asked).take(count)) : parts.files;
    return withFiles(labelled, { text, bytes, files });
  } catch (error) {
    void bytes[Symbol.asyncDispose]();
    if (error instanceof SlowBodyError) return tooSlow(limits);
    return badRequest(`The body's parts are wrong: ${messageOf(error)}`);
  }
}

interface Arriving {
  readonly text: string;
  readonly bytes: ArrivingBytes;
  readonly files: readonly object[];
}

function withFiles({ body: raw, labels }: LabelledBody, { text, bytes, files }: Arriving): ReadBody | Response {
  const decoded = decodeBody(raw, text);
  if (decoded instanceof Response) {
    void bytes[Symbol.asyncDispose]();
    return decoded;
  }
  const { body, functions } = decoded;
  labels.forEach(({ at }, index) => decodeValue(body, { [at]: FILE_TYPE }, { file: () => files[index] }));
  return { body, functions, bytesIn: text.length, uploads: bytes };
}

async function textOf(bytes: ArrivingBytes, length: number): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
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
