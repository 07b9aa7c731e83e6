/**
 * Reads the worker's hello line and its farewell, section 1 of `docs/protocol.md`.
 *
 * @module
 */
import type { HelloMessage, StartFailure } from "../protocol/messages.ts";
import { MAX_CONTROL_LINE_BYTES, PROTOCOL_VERSION } from "../protocol/messages.ts";

/** The first line that answers the start line, and the bytes that came behind it. */
export interface HelloLine {
  readonly message: HelloMessage | StartFailure;
  readonly rest: Uint8Array;
}

/**
 * Reads until the hello line. Lines before it that are no answer to the start line, such as an interpreter's banner, go to `onOther`.
 *
 * @returns `undefined` when the pipe ends first.
 * @throws {TypeError} When the worker speaks another protocol, or more than 1 MiB comes without an answer.
 */
export async function readHello(
  stdout: ReadableStreamDefaultReader<Uint8Array>,
  onOther: (line: string) => void,
): Promise<HelloLine | undefined> {
  let pending = new Uint8Array(0);
  let seen = 0;
  while (true) {
    const { value, done } = await stdout.read();
    if (done) return undefined;
    seen += value.length;
    if (seen > MAX_CONTROL_LINE_BYTES) throw new TypeError("it printed more than 1 MiB before it said hello");
    pending = concat(pending, value);
    for (let end = pending.indexOf(0x0a); end !== -1; end = pending.indexOf(0x0a)) {
      const line = new TextDecoder().decode(pending.subarray(0, end));
      pending = pending.slice(end + 1);
      const message = parseHello(line);
      if (message !== undefined) return { message, rest: pending };
      onOther(line);
    }
  }
}

/** The last line of a worker that says one: what the host cannot see of its end. */
export interface Farewell {
  /** The system's out-of-memory killer has ended it. */
  readonly out_of_memory?: boolean;
}

/** Reads to the end of the pipe. What is no farewell is passed over, and so is what is too long for one. */
export async function readFarewell(chunks: AsyncIterable<Uint8Array>): Promise<Farewell> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    if (text.length < MAX_FAREWELL) text += decoder.decode(chunk, { stream: true });
  }
  const value = parseJson(text);
  return typeof value === "object" && value !== null && "farewell" in value ? value.farewell as Farewell : {};
}

const MAX_FAREWELL = 4096;

function parseHello(line: string): HelloMessage | StartFailure | undefined {
  const value = parseJson(line);
  if (typeof value !== "object" || value === null || !("protocol" in value)) return undefined;
  if (value.protocol !== PROTOCOL_VERSION) {
    throw new TypeError(`it speaks version ${JSON.stringify(value.protocol)} of the protocol, this host speaks ${PROTOCOL_VERSION}`);
  }
  if ("error" in value) return value as StartFailure;
  if (!("address" in value) || !isAddress(value.address) || !("pid" in value) || typeof value.pid !== "number") {
    throw new TypeError("its hello line names no address or no pid");
  }
  return value as HelloMessage;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isAddress(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return ("unix" in value && typeof value.unix === "string") || ("tcp" in value && typeof value.tcp === "string");
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
