/**
 * One connection that a worker has upgraded from HTTP to bare frames, section 11 of `docs/protocol.md`.
 *
 * @module
 */
import { type Address, hostAndPort, isUnix } from "../protocol/address.ts";
import { bodyText, type WireRequest } from "../protocol/exchange.ts";
import type { Frame } from "../protocol/frames.ts";
import { CALL_ID, CONNECTION_HEADER, type HeldFrames, UPGRADE_ENDPOINT, UPGRADE_PROTOCOL } from "../protocol/messages.ts";
import type { TraceContext } from "../protocol/telemetry.ts";
import { HttpReader } from "./http_reader.ts";
import { BrokenReplyError, RefusedError } from "./errors.ts";
import { FrameReader, parseFrame } from "./frame_reader.ts";
import { refusal } from "./http_reply.ts";

/** Where to connect to, and the token to show there. */
export interface UpgradeTarget {
  readonly address: Address;
  readonly token: string;
  /** Left out by a host that does not hear the worker's farewell. */
  readonly heldBack?: HeldBack;
}

/** Tells what a worker that has ended had still to send on a connection of this name. */
export type HeldBack = (connection: string) => Promise<HeldFrames | undefined>;

const READ_BYTES = 64 * 1024;

/** A request that fits in here is written without making garbage. */
const WRITE_BYTES = 16 * 1024;

/** Room for the line before the body: it is longer only with a trace's baggage. */
const HEAD_BYTES = 512;

const NOTHING: Uint8Array = new Uint8Array(0);

const UTF8 = new TextEncoder();

/** A connection on which one request follows the other. */
export class UpgradedConnection {
  readonly #conn: Deno.Conn;
  readonly #name: string = crypto.randomUUID();
  readonly #closed = Promise.withResolvers<undefined>();
  /** Asks once for what was held back. */
  #heldBack: HeldBack | undefined;
  /** How many bytes have come since the upgrade. */
  #count = 0;
  readonly #received = new Uint8Array(READ_BYTES);
  readonly #sent = new Uint8Array(WRITE_BYTES);
  readonly #reader = new FrameReader(parseReplyLine);
  /** Reads the answer to the request for the upgrade, while that has not come. */
  #upgrade: HttpReader | undefined;
  /** What has come together with it. */
  #early = NOTHING;
  #hasBegun = false;
  #writeError: unknown;

  private constructor(conn: Deno.Conn, heldBack: HeldBack | undefined) {
    this.#conn = conn;
    this.#heldBack = heldBack;
    this.#upgrade = new HttpReader(conn);
  }

  /**
   * Connects, and asks the worker to upgrade the connection. The first request may be sent before it has answered that.
   *
   * @throws {BrokenReplyError} When nothing listens there, or hangs up.
   */
  static async open({ address, token, heldBack }: UpgradeTarget): Promise<UpgradedConnection> {
    const connection = new UpgradedConnection(await connect(address), heldBack);
    try {
      await connection.#write(upgradeRequest(token, heldBack && connection.#name));
      return connection;
    } catch (cause) {
      connection.close();
      throw new BrokenReplyError("The connection broke before the reply came", { cause });
    }
  }

  /**
   * Waits until the worker has upgraded the connection.
   *
   * @throws {RefusedError} When it does not do so.
   * @throws {BrokenReplyError} When it hangs up.
   */
  async upgraded(): Promise<void> {
    if (this.#upgrade === undefined) return;
    try {
      await demandUpgrade(this.#upgrade);
      this.#early = this.#upgrade.rest();
      this.#count = this.#early.length;
      this.#upgrade = undefined;
    } catch (error) {
      if (error instanceof RefusedError) throw error;
      throw new BrokenReplyError("The connection broke before the reply came", { cause: error });
    }
  }

  /**
   * Sends a request. A worker that has hung up may have said why: what cannot be written is told by {@linkcode receive}.
   *
   * @throws {RefusedError} When the request has an id that no worker takes.
   */
  async send(request: WireRequest): Promise<void> {
    const parts = requestParts(request, this.#sent);
    this.#reader.begin();
    this.#hasBegun = false;
    try {
      for (const part of parts) await this.#write(part);
    } catch (error) {
      this.#writeError = error;
    }
  }

  /**
   * The frames that come next, one at least.
   *
   * @throws {RefusedError} When the worker refuses the request.
   * @throws {MalformedReplyError} When what comes is no frame.
   * @throws {BrokenReplyError} When nothing comes any more.
   */
  async receive(): Promise<readonly Frame[]> {
    if (this.#upgrade !== undefined) await this.upgraded();
    while (true) {
      const bytes = await this.#read();
      this.#hasBegun = true;
      const frames = this.#reader.push(bytes);
      if (frames.length > 0) return frames;
    }
  }

  /** Hangs up, which abandons a request under way; twice is harmless. */
  close(): void {
    this.#heldBack = undefined;
    this.#closed.resolve(undefined);
    try {
      this.#conn.close();
    } catch {
      // It is closed already.
    }
  }

  async #read(): Promise<Uint8Array> {
    if (this.#early.length > 0) return this.#takeEarly();
    let cause = this.#writeError;
    try {
      const count = await this.#conn.read(this.#received);
      if (count !== null) return this.#counted(this.#received.subarray(0, count));
    } catch (error) {
      cause ??= error;
    }
    const held = await this.#takeHeld();
    if (held.length > 0) return held;
    const message = this.#hasBegun ? "The reply ended before its last frame" : "The connection broke before the reply came";
    throw new BrokenReplyError(message, { cause, hasBegun: this.#hasBegun });
  }

  #counted(bytes: Uint8Array): Uint8Array {
    this.#count += bytes.length;
    return bytes;
  }

  /** What the worker had still to send when it ended, but for what has come: it may have ended between sending that and noting it. */
  async #takeHeld(): Promise<Uint8Array> {
    const asked = this.#heldBack?.(this.#name);
    this.#heldBack = undefined;
    const held = await Promise.race([asked, this.#closed.promise]);
    if (held === undefined || held.at > this.#count) return NOTHING;
    return UTF8.encode(held.frames).subarray(this.#count - held.at);
  }

  #takeEarly(): Uint8Array {
    const bytes = this.#early;
    this.#early = NOTHING;
    return bytes;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let written = await this.#conn.write(bytes); written < bytes.length;) written += await this.#conn.write(bytes.subarray(written));
  }
}

async function connect(address: UpgradeTarget["address"]): Promise<Deno.Conn> {
  try {
    if (isUnix(address)) return await Deno.connect({ transport: "unix", path: address.unix });
    return withoutDelay(await Deno.connect(hostAndPort(address)));
  } catch (cause) {
    throw new BrokenReplyError("Nothing listens at the worker's address", { cause });
  }
}

function withoutDelay(conn: Deno.TcpConn): Deno.TcpConn {
  try {
    conn.setNoDelay();
    return conn;
  } catch (error) {
    conn.close();
    throw error;
  }
}

function upgradeRequest(token: string, name: string | undefined): Uint8Array {
  const lines = [
    `GET /${UPGRADE_ENDPOINT} HTTP/1.1`,
    "Host: localhost",
    `Authorization: Bearer ${token}`,
    "Connection: Upgrade",
    `Upgrade: ${UPGRADE_PROTOCOL}`,
    ...(name === undefined ? [] : [`${CONNECTION_HEADER}: ${name}`]),
  ];
  return UTF8.encode(`${lines.join("\r\n")}\r\n\r\n`);
}

async function demandUpgrade(reader: HttpReader): Promise<void> {
  const { status, headers } = await reader.head();
  if (status === 101 && headers.get("upgrade") === UPGRADE_PROTOCOL) return;
  throw await refusal(new Response(ReadableStream.from(reader.body(headers)), { status, headers: [...headers] }));
}

/** The line that says what is asked for and how long its body is, and the body, for the most part in the memory of the connection. */
function requestParts(request: WireRequest, memory: Uint8Array): readonly Uint8Array[] {
  const { endpoint, callId, sharesFiles, trace } = request;
  if (callId !== undefined && !CALL_ID.test(callId)) throw new RefusedError(400, "A call id has 1 to 128 visible ASCII characters");
  const text = bodyText(request) ?? "";
  const { read, written } = UTF8.encodeInto(text, memory.subarray(HEAD_BYTES));
  const large = read < text.length ? UTF8.encode(text) : undefined;
  const call = callId === undefined ? "" : ` call=${callId}`;
  const head = `${endpoint} ${large?.length ?? written}${call}${sharesFiles ? " files=shared" : ""}${traceFields(trace)}\n`;
  const content = large ?? memory.subarray(HEAD_BYTES, HEAD_BYTES + written);
  if (head.length > HEAD_BYTES) return [UTF8.encode(head), content];
  const start = HEAD_BYTES - head.length;
  for (let at = 0; at < head.length; at++) memory[start + at] = head.charCodeAt(at);
  return large === undefined ? [memory.subarray(start, HEAD_BYTES + written)] : [memory.subarray(start, HEAD_BYTES), content];
}

/** White space means nothing in these; what else no line can carry is left out, as a trace is a courtesy. */
function traceFields(trace: TraceContext | undefined): string {
  if (trace === undefined) return "";
  const fields = Object.entries(trace).map(([name, value]) => [name, value.replaceAll(/[ \t]/g, "")]);
  return fields.filter(([, value]) => VISIBLE.test(value!)).map(([name, value]) => ` ${name}=${value}`).join("");
}

const VISIBLE = /^[\x21-\x7e]+$/;

/** A frame, or the refusal that stands for the status of HTTP. */
function parseReplyLine(line: string): Frame {
  try {
    return parseFrame(line);
  } catch (error) {
    throw refusalIn(line) ?? error;
  }
}

function refusalIn(line: string): RefusedError | undefined {
  try {
    const { status, detail } = JSON.parse(line).refused;
    return Number.isSafeInteger(status) && typeof detail === "string" ? new RefusedError(status, detail) : undefined;
  } catch {
    return undefined; // It is no JSON, or no refusal.
  }
}
