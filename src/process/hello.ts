/**
 * Reads the worker's hello line and its farewell, section 1 of `docs/protocol.md`.
 *
 * @module
 */
import { isRecord, parseJson } from "../protocol/json.ts";
import { type Address, isUnix } from "../protocol/address.ts";
import type { ErrorBody, HeldFrames, HelloMessage, StartFailure } from "../protocol/messages.ts";
import { MAX_CONTROL_LINE_BYTES } from "../protocol/sizes.ts";
import { PROTOCOL_VERSION } from "../protocol/version.ts";

/** The first line that answers the start line, and the bytes that came behind it. */
export interface HelloLine {
  readonly message: HelloMessage | StartFailure;
  readonly rest: Uint8Array;
}

/** What a hello line is read from, and held against. */
export interface HelloExpectation {
  /** Where the worker was told to listen. */
  readonly listen: Address;
  /** Gets lines that are no answer to the start line, such as an interpreter's banner. */
  readonly onOther: (line: string) => void;
}

/**
 * Reads until the hello line.
 *
 * @returns `undefined` when the pipe ends first.
 * @throws {TypeError} When the worker speaks another protocol, listens elsewhere than it was told, or prints more than 1 MiB without an answer.
 */
export async function readHello(
  stdout: ReadableStreamDefaultReader<Uint8Array>,
  { listen, onOther }: HelloExpectation,
): Promise<HelloLine | undefined> {
  // One buffer from the start: a worker that sends byte after byte would have a growing one copied as often.
  const seen = new Uint8Array(MAX_CONTROL_LINE_BYTES);
  let length = 0;
  let start = 0;
  while (true) {
    const { value, done } = await stdout.read();
    if (done) return undefined;
    const fitting = value.subarray(0, seen.length - length);
    seen.set(fitting, length);
    const filled = seen.subarray(0, length + fitting.length);
    for (let end = filled.indexOf(NEWLINE, length); end !== -1; end = filled.indexOf(NEWLINE, start)) {
      const line = new TextDecoder().decode(seen.subarray(start, end));
      start = end + 1;
      const message = parseHello(line, listen);
      if (message !== undefined) return { message, rest: concat(filled.subarray(start), value.subarray(fitting.length)) };
      onOther(line);
    }
    length = filled.length;
    if (length === seen.length) throw new TypeError("it printed more than 1 MiB before it said hello");
  }
}

const NEWLINE = 0x0a;

/** The last line of a worker that says one: what the host cannot see of its end. */
export interface Farewell {
  /** The system's out-of-memory killer has ended it. */
  readonly outOfMemory: boolean;
  /** What it had not sent yet; `undefined` when it has not told. */
  readonly held: readonly HeldFrames[] | undefined;
}

/** Of a worker that says none. */
export const NO_FAREWELL: Farewell = { outOfMemory: false, held: undefined };

/** Reads to the end of the pipe. What is no farewell is passed over, and so is what is too long for one. */
export async function readFarewell(chunks: AsyncIterable<Uint8Array>): Promise<Farewell> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    if (text.length < MAX_CONTROL_LINE_BYTES) text += decoder.decode(chunk, { stream: true });
  }
  const value = parseJson(text);
  if (!isRecord(value) || !isRecord(value.farewell)) return NO_FAREWELL;
  const { out_of_memory, held } = value.farewell;
  return { outOfMemory: out_of_memory === true, held: Array.isArray(held) ? held.filter(isHeld) : [] };
}

function isHeld(value: unknown): value is HeldFrames {
  if (!isRecord(value) || typeof value.connection !== "string" || typeof value.frames !== "string") return false;
  return Number.isSafeInteger(value.at) && (value.at as number) >= 0;
}

function parseHello(line: string, listen: Address): HelloMessage | StartFailure | undefined {
  const value = parseJson(line);
  if (typeof value !== "object" || value === null || !("protocol" in value)) return undefined;
  if (value.protocol !== PROTOCOL_VERSION) {
    const version = JSON.stringify(value.protocol)?.slice(0, 80);
    throw new TypeError(`it speaks version ${version} of the protocol, this host speaks ${PROTOCOL_VERSION}`);
  }
  return "error" in value ? checkedFailure(value.error) : checkedHello(value, listen);
}

function checkedFailure(error: unknown): StartFailure {
  if (isRecord(error) && typeof error.type === "string" && typeof error.message === "string") {
    const { code, type, message, traceback } = error;
    return { protocol: PROTOCOL_VERSION, error: { code, type, message, traceback } as ErrorBody };
  }
  throw new TypeError("its hello line has an error without a type or a message");
}

function checkedHello(hello: object, listen: Address): HelloMessage {
  const { address, pid, worker, features, bounds } = hello as Record<string, unknown>;
  if (!isRecord(address)) throw new TypeError("its hello line names no address");
  // What listens anywhere else is not the process that was started, and would get the token.
  if (!isAsked(address, hasPickedPort(features) ? { tcp: "127.0.0.1" } : listen)) {
    throw new TypeError(`it says that it listens at ${quoted(address)}, where it was told to listen at ${quoted(listen)}`);
  }
  if (!isPid(pid)) throw new TypeError("its hello line names no pid");
  return {
    protocol: PROTOCOL_VERSION,
    address: address as unknown as Address,
    pid,
    worker: typeof worker === "string" ? worker : "unknown",
    features: Array.isArray(features) ? features.filter((feature): feature is string => typeof feature === "string") : [],
    ...(typeof bounds === "string" ? { bounds } : {}),
  };
}

/** A worker of the original's first releases listens at no socket, whatever was asked for. It is told no token. */
function hasPickedPort(features: unknown): boolean {
  return Array.isArray(features) && features.includes("picked_port");
}

function isAsked(address: Record<string, unknown>, listen: Address): boolean {
  if (isUnix(listen)) return address.unix === listen.unix;
  const { tcp } = address;
  if ("unix" in address || typeof tcp !== "string" || !tcp.startsWith(`${listen.tcp}:`)) return false;
  const port = tcp.slice(listen.tcp.length + 1);
  return /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535;
}

/** A number that stands for one process, and not for a group of them. Whose it is cannot be checked, so that nothing here sends a signal to it. */
function isPid(pid: unknown): pid is number {
  return Number.isSafeInteger(pid) && (pid as number) > 0;
}

function quoted(value: unknown): string {
  return JSON.stringify(value).slice(0, 200);
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
