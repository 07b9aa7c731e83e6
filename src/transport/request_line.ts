/**
 * Requests as they stand on an upgraded connection: a line that says what is asked for and how long its body is, and the body.
 *
 * @module
 */
import { bodyText, type WireRequest } from "../protocol/exchange.ts";
import { CALL_ID } from "../protocol/messages.ts";
import type { TraceContext } from "../protocol/telemetry.ts";
import { RefusedError } from "./errors.ts";

/** Room for the line before the body: it is longer only with a trace's baggage. */
const HEAD_BYTES = 512;

const UTF8 = new TextEncoder();

/**
 * Makes sure of a call's id before it becomes a part of a line.
 *
 * @throws {RefusedError} As the worker would, with 400.
 */
export function demandCallId({ callId }: WireRequest): void {
  if (callId !== undefined && !CALL_ID.test(callId)) throw new RefusedError(400, "A call id has 1 to 128 visible ASCII characters");
}

/** Writes a request to the beginning of this memory, and gives its length; `undefined` when it does not fit. */
export function writeRequest(request: WireRequest, memory: Uint8Array): number | undefined {
  const text = bodyText(request) ?? "";
  if (HEAD_BYTES + text.length > memory.length) return undefined;
  const { read, written } = UTF8.encodeInto(text, memory.subarray(HEAD_BYTES));
  const head = headOf(request, written);
  if (read < text.length || head.length > HEAD_BYTES) return undefined;
  for (let at = 0; at < head.length; at++) memory[at] = head.charCodeAt(at);
  memory.copyWithin(head.length, HEAD_BYTES, HEAD_BYTES + written);
  return head.length + written;
}

/** The bytes of a request that fits into no such memory. */
export function largeRequest(request: WireRequest): readonly Uint8Array[] {
  const content = UTF8.encode(bodyText(request) ?? "");
  return [UTF8.encode(headOf(request, content.length)), content];
}

function headOf({ endpoint, callId, sharesFiles, trace }: WireRequest, length: number): string {
  const call = callId === undefined ? "" : ` call=${callId}`;
  return `${endpoint} ${length}${call}${sharesFiles ? " files=shared" : ""}${traceFields(trace)}\n`;
}

/** White space means nothing in these; what else no line can carry is left out, as a trace is a courtesy. */
function traceFields(trace: TraceContext | undefined): string {
  if (trace === undefined) return "";
  const fields = Object.entries(trace).map(([name, value]) => [name, value.replaceAll(/[ \t]/g, "")]);
  return fields.filter(([, value]) => VISIBLE.test(value!)).map(([name, value]) => ` ${name}=${value}`).join("");
}

const VISIBLE = /^[\x21-\x7e]+$/;
