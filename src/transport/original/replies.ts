/**
 * Reads the bodies of the original's workers, and trusts nothing in them.
 *
 * @module
 */
import { isRecord, parseJson } from "../../protocol/json.ts";
import { findLongInteger, type LongInteger } from "../../protocol/exact_integers.ts";
import type { Frame } from "../../protocol/frames.ts";
import { LineSplitter } from "../../protocol/lines.ts";
import type { ErrorBody } from "../../protocol/messages.ts";
import { MAX_FRAME_BYTES } from "../../protocol/sizes.ts";
import { MalformedReplyError } from "../errors.ts";
import { completedLines } from "../frame_line.ts";
import { piecesOf, wholeText } from "../http_reply.ts";

/** What was asked, and what to do about a worker that does not know it. */
export interface Asked {
  readonly endpoint: string;
  /** Which worker to install where. */
  readonly advice: string;
}

/** The one frame that a body stands for. */
export async function readOriginalReply(response: Response, asked: Asked): Promise<Frame> {
  const { endpoint, advice } = asked;
  const text = await wholeText(response);
  const body = parseJson(text);
  if (!response.ok) return { error: errorOf(response.status, { body, text, asked }) };
  if (body === undefined) throw new MalformedReplyError(`It answered with what is no JSON: "${text.slice(0, 80)}". ${advice}`);
  // Hooks that fail are reported with status 200.
  if (isRecord(body) && body.status === "error" && HOOKS.has(endpoint)) return { error: plainError(String(body.detail)) };
  return { result: withoutTag(body), ...longIntegerIn(body, text) };
}

const HOOKS = new Set(["cancel", "on_enable", "on_disable"]);

/** The frames that a stream stands for. */
export async function* readOriginalStream(
  response: Response,
  { jobErrors, advice }: { jobErrors: boolean; advice: string },
): AsyncGenerator<Frame, void, void> {
  if (!response.ok) return yield await readOriginalReply(response, { endpoint: "execute_stream", advice });
  const read = jobErrors ? jobErrorOf : oldErrorOf;
  let held: unknown;
  let heldLine = "";
  for await (const line of linesOf(response)) {
    // What looks like an error is one only at the end; before it, it is the plugin's own.
    if (held !== undefined) yield { chunk: held, ...longIntegerIn(held, heldLine) };
    const value = parseJson(line) ?? parsePythonJson(line);
    if (value === undefined) throw new MalformedReplyError(`It sent what is no JSON: "${line.slice(0, 80)}". ${advice}`);
    held = read(value) === undefined ? undefined : value;
    heldLine = line;
    if (held === undefined) yield { chunk: withoutTag(value), ...longIntegerIn(value, line) };
  }
  const error = read(held);
  yield error === undefined ? { result: null } : { error };
}

/** The lines of a stream. The last one counts also without its end: it may be what is no chunk. */
async function* linesOf(response: Response): AsyncGenerator<string, void, void> {
  const splitter = new LineSplitter(MAX_FRAME_BYTES);
  for await (const piece of piecesOf(response)) yield* completedLines(splitter, piece);
  yield* completedLines(splitter, new Uint8Array([NEWLINE]));
}

const NEWLINE = 10;

interface Refused {
  readonly body: unknown;
  readonly text: string;
  readonly asked: Asked;
}

function errorOf(status: number, { body, text, asked: { endpoint, advice } }: Refused): ErrorBody {
  const detail = isRecord(body) && typeof body.detail === "string" ? body.detail : undefined;
  const jobError = jobErrorOf(body);
  if (jobError !== undefined) return jobError;
  if (status === 409) return { ...plainError(detail ?? "Cancelled"), code: "cancelled" };
  if (status === 404 && detail === "Not Found") {
    return { ...plainError(`its worker has no endpoint "/${endpoint}". ${advice}`), code: "not_supported" };
  }
  if ([404, 405, 501].includes(status) && detail !== undefined) return { ...plainError(detail), code: "not_supported" };
  if (detail !== undefined && (status === 400 || status === 500)) return plainError(detail);
  if (status === 500 && text === "Internal Server Error") return plainError("Internal Server Error; its log tells more");
  throw new MalformedReplyError(`It answered ${status} with "${text.slice(0, 80)}". ${advice}`);
}

/** Of a failure that the worker describes by its message alone nothing else is known. */
function plainError(message: string): ErrorBody {
  return { code: "plugin_error", type: "Exception", message, traceback: "" };
}

function jobErrorOf(body: unknown): ErrorBody | undefined {
  const error = isRecord(body) ? body._job_error : undefined;
  if (!isRecord(error) || typeof error.message !== "string" || typeof error.category !== "string") return undefined;
  const repr = String(error.original_exc_repr ?? "");
  const traceback = typeof error.traceback === "string" ? error.traceback.trimEnd() : "";
  const type = /^[A-Za-z_]\w*/.exec(repr)?.[0] ?? "Exception";
  const base = { type, message: error.message, traceback, category: error.category, original_exc_repr: repr };
  if (/^(Plugin|Capability)CancelledError/.test(repr)) return { ...base, code: "cancelled" };
  // A result that no JSON carries is the plugin's fault, whatever the worker takes it for.
  if (isBadResult(traceback)) return { ...base, code: "bad_result", category: "fatal", retriable: false };
  return { ...base, code: "plugin_error", retriable: error.retriable === true };
}

/** Whether the exception comes from the worker's own writing of the result. */
function isBadResult(traceback: string): boolean {
  return /core[\\/]worker\.py", line \d+, in \w+\n[^\n]*(?:json\.dumps\(wire_encode|JSONResponse)\(/.test(traceback);
}

function oldErrorOf(value: unknown): ErrorBody | undefined {
  if (!isRecord(value) || typeof value.error !== "string" || Object.keys(value).length !== 1) return undefined;
  return plainError(value.error);
}

/** Values of registered classes come as `{"__wire__": kind, "data": ...}`; the kind means something in Python alone. */
function withoutTag(value: unknown): unknown {
  return isTagged(value) ? value.data : value;
}

function isTagged(value: unknown): value is { readonly data: unknown } {
  return isRecord(value) && typeof value.__wire__ === "string" && "data" in value && Object.keys(value).length === 2;
}

function longIntegerIn(value: unknown, text: string): { longInteger?: LongInteger } {
  const found = findLongInteger(value, () => withPythonWords(text, () => "null"));
  if (found === undefined) return {};
  return { longInteger: isTagged(value) ? { ...found, path: found.path.slice(1) } : found };
}

/** Python writes NaN and the infinities as bare words, and the original's streams carry them so. They are marked by text that is not in the line. */
function parsePythonJson(line: string): unknown {
  let mark = "number:";
  while (line.includes(mark)) mark += ":";
  const marked = withPythonWords(line, (word) => `"${mark}${word}"`);
  try {
    return JSON.parse(marked, (_, value) => typeof value === "string" && value.startsWith(mark) ? Number(value.slice(mark.length)) : value);
  } catch {
    return undefined;
  }
}

/** The text with something else in the place of NaN and the infinities. */
function withPythonWords(text: string, replace: (word: string) => string): string {
  return text.replaceAll(
    /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g,
    (token) => token.startsWith('"') ? token : replace(token),
  );
}
