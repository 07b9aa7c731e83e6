/**
 * Requests as they stand on an upgraded connection: a line that says what is asked for and how long its body is, and the body.
 *
 * @module
 */
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

/** The bytes of a request that is better written alone. */
export function largeRequest(request: WireRequest): readonly Uint8Array[] {
  const text = bodyText(request) ?? "";
  const whole = text.length <= WHOLE_CHARACTERS ? wholeAscii(request, text) : undefined;
  return whole ?? partsOf(request, UTF8.encode(text));
}

/** A longer body takes more time to be written behind its line than the worker takes to be woken twice. */
const WHOLE_CHARACTERS = 256 * 1024;

/** Line and body in one piece, which wakes the worker once; `undefined` when a character takes more than one byte. */
function wholeAscii(request: WireRequest, text: string): readonly Uint8Array[] | undefined {
  const head = headOf(request, text.length);
  const bytes = new Uint8Array(head.length + text.length);
  const { read } = UTF8.encodeInto(text, bytes.subarray(head.length));
  if (read < text.length) return undefined;
  UTF8.encodeInto(head, bytes);
  return [bytes];
}

function partsOf(request: WireRequest, content: Uint8Array): readonly Uint8Array[] {
  return [UTF8.encode(headOf(request, content.length)), content];
}

function headOf({ endpoint, callId, files, parts, trace }: WireRequest, length: number): string {
  const call = callId === undefined ? "" : ` call=${callId}`;
  const way = files === undefined ? "" : ` files=${files}`;
  return `${endpoint} ${length}${call}${way}${parts === undefined ? "" : ` parts=${length}`}${traceFields(trace)}\n`;
}

/** White space means nothing in these; what else no line can carry is left out, as a trace is a courtesy. */
function traceFields(trace: TraceContext | undefined): string {
  if (trace === undefined) return "";
  const fields = Object.entries(trace).map(([name, value]) => [name, value.replaceAll(/[ \t]/g, "")]);
  return fields.filter(([, value]) => VISIBLE.test(value!)).map(([name, value]) => ` ${name}=${value}`).join("");
}

const VISIBLE = /^[\x21-\x7e]+$/;
