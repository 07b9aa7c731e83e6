/**
 * What the control thread and the plugin's thread say to each other.
 *
 * @module
 */
import type { CallbackAnswer } from "../../protocol/callback_answer.ts";
import { isRecord } from "../../protocol/json.ts";
import { isLogBody, type LogBody } from "../../protocol/log_body.ts";
import type { ErrorBody, ErrorCode, ReadyBody } from "../../protocol/messages.ts";
import { errorBody } from "./error_body.ts";
import { errorLine, type FrameLine } from "./frame_line.ts";
import { decodeBody } from "./call_arguments.ts";
import type { RingMemory } from "./frame_ring.ts";
import type { MailboxMemory } from "./mailbox.ts";
import type { FilesAnswer, FilesQuestion } from "./files_question.ts";
import type { CallOrder, QuestionEndpoint } from "./plugin_runner.ts";

/** A call that is to run. */
export interface KeyedOrder {
  readonly key: number;
  readonly order: CallOrder;
}

/** From the control thread, for calls. `key` names the call or the question. */
export type ToCalls =
  | { readonly kind: "run" } & KeyedOrder
  | { readonly kind: "ask"; readonly key: number; readonly endpoint: QuestionEndpoint }
  | { readonly kind: "abort"; readonly key: number }
  | { readonly kind: "answer"; readonly key: number; readonly answer: CallbackAnswer }
  /** There is room for this many more chunks. */
  | { readonly kind: "room"; readonly key: number; readonly chunks: number };

/** An order to run a call as text, which passes between threads at a fraction of what an object costs. */
export interface OrderText {
  readonly kind: "order";
  /** All of it but the body, in one line. */
  readonly head: string;
  readonly body: string;
}

/** From the control thread. The key of an answer is that of the question. */
export type ToThread =
  | OrderText
  /** Calls that run together. */
  | { readonly kind: "together"; readonly orders: readonly OrderText[] }
  | Exclude<ToCalls, { kind: "run" }>
  | { readonly kind: "files"; readonly key: number; readonly answer: FilesAnswer }
  /** Where frames may be left from now on, and where orders are. */
  | { readonly kind: "ring"; readonly memory: RingMemory; readonly orders: MailboxMemory };

/** Writes an order. A body that has not come as text becomes one. */
export function orderText(
  key: number,
  { endpoint, body, text = JSON.stringify(body), callId, files, wantsLogs, trace }: CallOrder,
): OrderText {
  return { kind: "order", head: JSON.stringify({ key, endpoint, callId, files, wantsLogs, trace }), body: text };
}

/** An order in one text, for the mailbox. */
export function joinOrder({ head, body }: OrderText): string {
  return `${head}\n${body}`;
}

/** Takes it apart. */
export function splitOrder(text: string): OrderText {
  const at = text.indexOf("\n");
  return { kind: "order", head: text.slice(0, at), body: text.slice(at + 1) };
}

/** Reads an order. */
export function readOrder({ head, body }: OrderText): Extract<ToCalls, { kind: "run" }> {
  const { key, ...order } = JSON.parse(head);
  return { kind: "run", key, order: { ...order, ...decodeBody(order.endpoint, JSON.parse(body)) } };
}

/** From the plugin's thread. */
export type FromThread =
  | { readonly kind: "ready"; readonly ready: ReadyBody }
  | { readonly kind: "unloadable"; readonly error: ErrorBody }
  | { readonly kind: "progress"; readonly key: number; readonly progress: number; readonly message: string }
  | { readonly kind: "log"; readonly key: number; readonly line: LogBody }
  /** A chunk, or a callback. */
  | { readonly kind: "chunk"; readonly key: number; readonly line: FrameLine }
  | { readonly kind: "last"; readonly key: number; readonly line: FrameLine }
  /** A question that is missing named files that are not the plugin's. */
  | { readonly kind: "files"; readonly key: number; readonly question: FilesQuestion | undefined }
  /** What this thread has posted is to be sent to the host. `done` becomes 1 when it is, and whoever waits for that is woken. */
  | { readonly kind: "flush"; readonly done: Int32Array }
  /** The thread is about to end, or has met an error that ends it. */
  | { readonly kind: "ending"; readonly error: ErrorBody };

/** How many chunks of a call may be on their way to the control thread. */
export const CHUNKS_ON_THE_WAY = 64;

/** How many characters they may have before the next one waits until all are taken: a few large chunks must not pile up. */
export const CHARACTERS_ON_THE_WAY: number = 512 * 1024;

/** Room is told of in lots, of so many chunks or characters: a message for each chunk would cost as much as the chunk. */
export const ROOM: { readonly chunks: number; readonly characters: number } = {
  chunks: CHUNKS_ON_THE_WAY / 2,
  characters: CHARACTERS_ON_THE_WAY / 2,
};

/**
 * Reads what has come from the plugin's thread, where the plugin can say the same as we can, and anything else. What is returned is what its type says,
 * and no more: all of it is copied.
 *
 * @param results The folder in which the plugin may have left files. Others are not for a plugin to name: whoever drops the frame removes its files.
 * @returns `undefined` for what is no message: a plugin may have said it to nobody. A frame that cannot be sent is the end of its call.
 */
export function readFromThread(said: unknown, results?: string): FromThread | undefined {
  if (!isRecord(said)) return undefined;
  const { kind, key, line } = said;
  if (kind === "ready") return optional(readyBody(said["ready"]), (ready) => ({ kind, ready }));
  if (kind === "flush") return optional(sharedNumber(said["done"]), (done) => ({ kind, done }));
  if (kind === "unloadable" || kind === "ending") return optional(readErrorBody(said["error"]), (error) => ({ kind, error }));
  if (typeof key !== "number") return undefined;
  if (kind === "files") return { kind, key, question: filesQuestion(said["question"], results) };
  if (kind === "progress") return progressMessage(key, said);
  if (kind === "log") return isLogBody(line) ? { kind, key, line: copyOf(line) } : undefined;
  if (kind === "chunk") return optional(givenLine(line, results), (line) => ({ kind, key, line })) ?? noFrame(key);
  if (kind === "last") return optional(lastLine(line, results), (line) => ({ kind, key, line })) ?? noFrame(key);
  return undefined;
}

function optional<Value, Message>(value: Value | undefined, message: (value: Value) => Message): Message | undefined {
  return value === undefined ? undefined : message(value);
}

/** A call whose frames cannot be sent ends: neither may a chunk be missing, nor an answer never come. */
export function noFrame(key: number): Extract<FromThread, { kind: "last" }> {
  const what = new TypeError("What the plugin's thread sent is no frame: the plugin may have replaced what the worker makes frames with");
  return { kind: "last", key, line: errorLine({ ...errorBody("bad_result", what), traceback: "" }) };
}

function lastLine(line: unknown, results: string | undefined): FrameLine | undefined {
  return isRecord(line) && line["kind"] === "error" ? errorFrame(line["text"]) : frameLine(line, "result", results);
}

function progressMessage(key: number, { progress, message }: Record<string, unknown>): FromThread | undefined {
  if (typeof progress !== "number" || !Number.isFinite(progress) || typeof message !== "string") return undefined;
  return { kind: "progress", key, progress, message };
}

function copyOf({ time, stream, text }: LogBody): LogBody {
  return { time, stream, text };
}

function sharedNumber(done: unknown): Int32Array | undefined {
  return done instanceof Int32Array && done.buffer instanceof SharedArrayBuffer && done.length > 0 ? done : undefined;
}

function readyBody(ready: unknown): ReadyBody | undefined {
  if (!isRecord(ready)) return undefined;
  const { name, version, methods } = ready;
  if (typeof name !== "string" || typeof version !== "string" || !areStrings(methods)) return undefined;
  return { name, version, methods: [...methods] };
}

/** A chunk, or a callback, whose id is known besides. */
function givenLine(line: unknown, results: string | undefined): FrameLine | undefined {
  if (!isRecord(line) || line["kind"] !== "callback") return frameLine(line, "chunk", results);
  const { callback } = line;
  const frame = Number.isSafeInteger(callback) ? frameLine(line, "callback", results) : undefined;
  return frame && { ...frame, callback: callback as number };
}

/**
 * A value's frame is handed on unread, and must not pass for a second one, or for one of another kind: the next request on its connection would be given
 * the rest of it.
 */
function frameLine(line: unknown, kind: "chunk" | "callback" | "result", results: string | undefined): FrameLine | undefined {
  if (!isRecord(line) || line["kind"] !== kind) return undefined;
  const { text, files } = line;
  if (typeof text !== "string" || !text.startsWith(`{"${kind}":`) || text.includes("\n")) return undefined;
  if (files === undefined) return { kind, text };
  return areStrings(files) ? { kind, text, files: files.filter((path) => isIn(results, path)) } : undefined;
}

/** No path leads out of the call's own folder, which is one in the folder of results. */
function filesQuestion(question: unknown, results: string | undefined): FilesQuestion | undefined {
  if (!isRecord(question)) return undefined;
  const { about, folder, path, to, kept } = question;
  if (about === "bytes_in_use") return { about };
  if (typeof folder !== "string" || folder === results || !isIn(results, folder)) return undefined;
  const isOwn = (named: unknown): named is string => typeof named === "string" && isIn(folder, named);
  if (about === "file" && isOwn(path)) return { about, folder, path };
  if (about === "copy" && isOwn(path) && isOwn(to)) return { about, folder, path, to };
  return about === "leftovers" && kept instanceof Set ? { about, folder, kept } : undefined;
}

function isIn(folder: string | undefined, path: string): boolean {
  if (folder === undefined || !path.startsWith(folder)) return false;
  const way = path.slice(folder.length).split(/[\\/]/);
  return way[0] === "" && !way.includes("..");
}

function errorFrame(text: unknown): FrameLine | undefined {
  try {
    return optional(readErrorBody(JSON.parse(String(text))?.error), errorLine);
  } catch {
    return undefined;
  }
}

/** The codes by which a plugin's thread tells of errors. */
const CODES: readonly unknown[] = ["plugin_error", "load_error", "bad_result", "cancelled", "not_supported", "plugin_exit"];

function readErrorBody(error: unknown): ErrorBody | undefined {
  if (!isRecord(error) || !CODES.includes(error["code"])) return undefined;
  const { type, message, traceback, category, retriable, original_exc_repr, occurred_at, callback, known } = error;
  if (typeof type !== "string" || typeof message !== "string" || typeof traceback !== "string") return undefined;
  return {
    code: error["code"] as ErrorCode,
    type,
    message,
    traceback,
    ...(typeof category === "string" ? { category } : {}),
    ...(typeof retriable === "boolean" ? { retriable } : {}),
    ...(typeof original_exc_repr === "string" ? { original_exc_repr } : {}),
    ...(typeof occurred_at === "string" ? { occurred_at } : {}),
    ...(Number.isSafeInteger(callback) ? { callback: callback as number } : {}),
    ...(areStrings(known) ? { known: [...known] } : {}),
  };
}

/** A list of holes is as short to send as it is long to look through. */
const MAX_LIST = 100_000;

function areStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= MAX_LIST && value.every((item) => typeof item === "string");
}
