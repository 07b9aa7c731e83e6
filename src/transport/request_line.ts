/**
 * Requests as they stand on an upgraded connection: a line that says what is asked for and how long its body is, and the body.
 *
 * @module
 */
import { LOGS_FEATURE } from "../protocol/log_body.ts";
import { bodyText, type WireRequest } from "../protocol/exchange.ts";
import { CALL_ID } from "../protocol/messages.ts";
import type { TraceContext } from "../protocol/telemetry.ts";
import { RefusedError } from "./errors.ts";
import type { PartsBody } from "./parts_body.ts";

const UTF8 = new TextEncoder();

/**
 * Makes sure of a call's id before it becomes a part of a line.
 *
 * @throws {RefusedError} As the worker would, with 400.
 */
export function demandCallId({ callId }: WireRequest): void {
  if (callId !== undefined && !CALL_ID.test(callId)) throw new RefusedError(400, "A call id has 1 to 128 visible ASCII characters");
}

/** The text of a request, of which several may be written together; `undefined` for one whose body has more characters than this. */
export function requestText(request: WireRequest, mostCharacters: number): string | undefined {
  const text = bodyText(request) ?? "";
  if (text.length > mostCharacters || request.parts !== undefined) return undefined;
  // To look is faster than to encode.
  const length = ASCII.test(text) ? text.length : UTF8.encode(text).length;
  return headOf(request, length) + text;
}

/** All of them take one byte. */
const ASCII = /^[\0-\x7f]*$/;

/** The line and the JSON of a request with files. */
export function partsHead(request: WireRequest, { json }: PartsBody): Uint8Array {
  const line = UTF8.encode(headOf(request, json.length));
  const bytes = new Uint8Array(line.length + json.length);
  bytes.set(line);
  bytes.set(json, line.length);
  return bytes;
}

/** The bytes of a request that is better written alone, piece by piece in this memory: each is to be written before the next is asked for. */
export function* largeRequest(request: WireRequest, memory: Uint8Array): Generator<Uint8Array, void, void> {
  const text = bodyText(request) ?? "";
  let { written: filled } = UTF8.encodeInto(headOf(request, byteLength(text, memory)), memory);
  let at = 0;
  do {
    const { read, written } = UTF8.encodeInto(text.slice(at, at + memory.length - filled), memory.subarray(filled));
    at += read;
    yield memory.subarray(0, filled + written);
    filled = 0;
  } while (at < text.length);
}

/** How many bytes a text has. It is written to this memory on the way, piece by piece. */
function byteLength(text: string, memory: Uint8Array): number {
  let length = 0;
  for (let at = 0; at < text.length;) {
    const { read, written } = UTF8.encodeInto(text.slice(at, at + memory.length), memory);
    at += read;
    length += written;
  }
  return length;
}

function headOf({ endpoint, callId, files, parts, wantsLogs, trace }: WireRequest, length: number): string {
  const call = callId === undefined ? "" : ` call=${callId}`;
  const way = files === undefined ? "" : ` files=${files}`;
  const lines = wantsLogs ? ` logs=${LOGS_FEATURE}` : "";
  return `${endpoint} ${length}${call}${way}${parts === undefined ? "" : ` parts=${length}`}${lines}${traceFields(trace)}\n`;
}

/** White space means nothing in these; what else no line can carry is left out, as a trace is a courtesy. */
function traceFields(trace: TraceContext | undefined): string {
  if (trace === undefined) return "";
  const fields = Object.entries(trace).map(([name, value]) => [name, value.replaceAll(/[ \t]/g, "")]);
  return fields.filter(([, value]) => VISIBLE.test(value!)).map(([name, value]) => ` ${name}=${value}`).join("");
}

const VISIBLE = /^[\x21-\x7e]+$/;
