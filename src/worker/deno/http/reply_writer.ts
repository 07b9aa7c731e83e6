/**
 * Replies over HTTP/1.1: framed, and plain as the original worker's.
 *
 * @module
 */
import { isStreamEndpoint, type RequestEndpoint } from "../../../protocol/endpoints.ts";
import { type ErrorBody, FRAMES_MEDIA_TYPE } from "../../../protocol/messages.ts";
import { UPGRADE_PROTOCOL } from "../../../protocol/upgrade.ts";
import type { ErrorFrame } from "../../../protocol/frames.ts";
import { failureBody } from "../error_body.ts";
import { type FrameLine, isLastLine, parseLine, plainValue } from "../frame_line.ts";
import type { ScratchFiles } from "../scratch_files.ts";
import { hasFiles, piecesOf } from "./frame_parts.ts";
import { type HttpConnection, joined } from "./connection.ts";
import type { RequestHead } from "./head.ts";
import type { Refusal } from "./refusal.ts";

/** Sends the frames of one reply. */
export interface ReplyWriter {
  /** Sends these frames. Returns whether the reply is complete. */
  write(lines: readonly FrameLine[]): Promise<boolean>;
}

/** What a reply's form depends on besides the request's head. */
export interface ReplyFacts {
  readonly endpoint: RequestEndpoint;
  /** Where files are that go behind frames; `undefined` when none may. */
  readonly scratch: ScratchFiles | undefined;
}

/** Picks the form of the reply that the request asks for. */
export function replyWriter(connection: HttpConnection, head: RequestHead, { endpoint, scratch }: ReplyFacts): ReplyWriter {
  if (isFramed(head) && scratch !== undefined) return new PartsWriter(connection, scratch);
  if (isFramed(head)) return new LineWriter(connection, FRAMES_MEDIA_TYPE, framedLine);
  return isStreamEndpoint(endpoint)
    ? new LineWriter(connection, "application/x-ndjson", plainStreamLine)
    : new PlainWriter(connection, endpoint);
}

/** Whether a request asks for frames. */
export function isFramed({ headers }: RequestHead): boolean {
  return headers.get("accept")?.includes(FRAMES_MEDIA_TYPE) ?? false;
}

/** Tells a client that waits before it sends its body to send it. */
export async function writeContinue(connection: HttpConnection): Promise<void> {
  await connection.write(encode("HTTP/1.1 100 Continue\r\n\r\n"));
}

/** Tells a client that its connection carries bare frames from here on. */
export async function writeUpgrade(connection: HttpConnection): Promise<void> {
  await connection.write(encode(headOf(101, { connection: "Upgrade", upgrade: UPGRADE_PROTOCOL })));
}

/** Sends a refusal. */
export async function writeRefusal(connection: HttpConnection, { status, message, closes, headers }: Refusal): Promise<void> {
  const extra: Record<string, string> = closes ? { ...headers, connection: "close" } : headers;
  await writeJson(connection, status, { body: { detail: message }, headers: extra });
}

/** A frame as one of the two kinds of reply shows it. */
interface ShownLine {
  /** Left out for what this kind of reply does not show. */
  readonly text?: string;
  readonly isLast: boolean;
}

/** A line an item; those that are ready together are sent together. */
class LineWriter implements ReplyWriter {
  readonly #connection: HttpConnection;
  readonly #mediaType: string;
  readonly #show: (line: FrameLine) => ShownLine;
  #hasBegun = false;

  constructor(connection: HttpConnection, mediaType: string, show: (line: FrameLine) => ShownLine) {
    this.#connection = connection;
    this.#mediaType = mediaType;
    this.#show = show;
  }

  async write(lines: readonly FrameLine[]): Promise<boolean> {
    const texts: string[] = [];
    let isLast = false;
    for (let i = 0; i < lines.length && !isLast; i++) {
      const shown = this.#show(lines[i]!);
      if (shown.text !== undefined) texts.push(`${shown.text}\n`);
      isLast = shown.isLast;
    }
    const body = encode(texts.join(""));
    if (isLast && !this.#hasBegun && lines.length === 1) await writeWhole(this.#connection, 200, { mediaType: this.#mediaType, body });
    else await this.writePart(body, isLast);
    return isLast;
  }

  /** Sends some bytes of the reply, which has no length. */
  async writePart(body: Uint8Array, isLast: boolean): Promise<void> {
    const head = this.#hasBegun ? "" : headOf(200, { "content-type": this.#mediaType, "transfer-encoding": "chunked" });
    this.#hasBegun = true;
    const size = body.length === 0 ? "" : `${body.length.toString(16)}\r\n`;
    const end = (body.length === 0 ? "" : "\r\n") + (isLast ? "0\r\n\r\n" : "");
    await writeParts(this.#connection, [encode(head + size), body, encode(end)]);
  }
}

/** Frames with their files behind them. */
class PartsWriter implements ReplyWriter {
  readonly #lines: LineWriter;
  readonly #scratch: ScratchFiles;

  constructor(connection: HttpConnection, scratch: ScratchFiles) {
    this.#lines = new LineWriter(connection, FRAMES_MEDIA_TYPE, framedLine);
    this.#scratch = scratch;
  }

  async write(lines: readonly FrameLine[]): Promise<boolean> {
    if (!lines.some(hasFiles)) return await this.#lines.write(lines);
    for await (const bytes of piecesOf(lines, this.#scratch)) await this.#lines.writePart(bytes, false);
    const isLast = lines.some(isLastLine);
    if (isLast) await this.#lines.writePart(NOTHING, true);
    return isLast;
  }
}

const NOTHING = new Uint8Array(0);

/** One JSON value. */
class PlainWriter implements ReplyWriter {
  readonly #connection: HttpConnection;
  readonly #endpoint: RequestEndpoint;

  constructor(connection: HttpConnection, endpoint: RequestEndpoint) {
    this.#connection = connection;
    this.#endpoint = endpoint;
  }

  async write(lines: readonly FrameLine[]): Promise<boolean> {
    const last = lines.at(-1);
    if (last === undefined || !isLastLine(last)) return false;
    const { value, error } = plainOutcome(last);
    if (error === undefined) await writeJson(this.#connection, 200, { body: value });
    else await writeJson(this.#connection, plainStatus(error, this.#endpoint), { body: { detail: error.message, _job_error: error } });
    return true;
  }
}

interface PlainOutcome {
  readonly value?: unknown;
  readonly error?: ErrorBody;
}

function plainOutcome(line: FrameLine): PlainOutcome {
  if (line.kind === "error") return parseLine(line) as ErrorFrame;
  try {
    return { value: plainValue(line) };
  } catch (thrown) {
    return { error: failureBody(thrown) };
  }
}

function plainStatus(error: ErrorBody, endpoint: RequestEndpoint): number {
  return error.code === "cancelled" ? 409 : endpoint === "initialize" ? 400 : 500;
}

function framedLine(line: FrameLine): ShownLine {
  return { text: line.text, isLast: isLastLine(line) };
}

/** A plain stream has neither progress nor a last line for a call that ended well. */
function plainStreamLine(line: FrameLine): ShownLine {
  if (line.kind === "progress" || line.kind === "result") return { isLast: line.kind === "result" };
  const { value, error } = plainOutcome(line);
  return { text: JSON.stringify(error === undefined ? value : { _job_error: error }), isLast: error !== undefined };
}

interface JsonReply {
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

function writeJson(connection: HttpConnection, status: number, { body, headers }: JsonReply): Promise<void> {
  return writeWhole(connection, status, { mediaType: "application/json", body: encode(JSON.stringify(body)), headers });
}

interface WholeReply {
  readonly mediaType: string;
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

function writeWhole(connection: HttpConnection, status: number, { mediaType, body, headers }: WholeReply): Promise<void> {
  const head = headOf(status, { "content-type": mediaType, "content-length": String(body.length), ...headers });
  return writeParts(connection, [encode(head), body]);
}

function headOf(status: number, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r\n${lines.join("")}\r\n`;
}

const REASONS: Readonly<Record<number, string>> = {
  101: "Switching Protocols",
  200: "OK",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  411: "Length Required",
  413: "Content Too Large",
  426: "Upgrade Required",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  507: "Insufficient Storage",
};

const UTF8 = new TextEncoder();

function encode(text: string): Uint8Array {
  return UTF8.encode(text);
}

/** What is joined for one write is copied; a body longer than this costs more to copy than to write by itself. */
const MAX_JOINED_BYTES = 64 * 1024;

async function writeParts(connection: HttpConnection, parts: readonly Uint8Array[]): Promise<void> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length <= MAX_JOINED_BYTES) return await connection.write(joined(parts));
  for (const part of parts) await connection.write(part);
}
