/**
 * One connection that a worker has upgraded from HTTP to bare frames, section 11 of `docs/protocol.md`.
 *
 * @module
 */
import type { WireRequest } from "../protocol/exchange.ts";
import { type Frame, isLastFrame } from "../protocol/frames.ts";
import { BrokenReplyError, MalformedReplyError, RefusedError } from "./errors.ts";
import { hasParts, type RequestWithParts } from "./parts_body.ts";
import { ReplyBytes } from "./reply_bytes.ts";
import { demandCallId, largeRequest, requestText } from "./request_line.ts";
import { close, demandUpgrade, type HeldBack, openForUpgrade, type UpgradeTarget, writeAll } from "./upgrade.ts";
import { UnreadPartError, writeWithParts } from "./upgraded_parts.ts";
import { UpgradedReply } from "./upgraded_reply.ts";

const READ_BYTES = 256 * 1024;

/** Requests that have no more characters together are written at once. Each may take three bytes. */
const WRITE_CHARACTERS = 16 * 1024;

/** How much of a large request is written at once: more would be more than a socket takes. */
const LARGE_BYTES = 256 * 1024;

/** How many requests a worker has to do before it is worth waiting for more of them, and how many are waited for then. */
const GATHERED = 8;

const UTF8 = new TextEncoder();

/** A connection whose requests are answered in the order in which they are sent. The next ones may be sent before the first is answered. */
export class UpgradedConnection {
  readonly #name: string = crypto.randomUUID();
  readonly #onFree: (connection: UpgradedConnection) => void;
  readonly #closed = Promise.withResolvers<undefined>();
  /** Asks once for what was held back. */
  #heldBack: HeldBack | undefined;
  #conn: Deno.Conn | undefined;
  readonly #opened: Promise<Deno.Conn>;
  /** Reads the answer to the request for the upgrade, while that has not come. */
  #upgrade: Promise<Uint8Array> | undefined;
  #count = 0;
  readonly #received = new Uint8Array(READ_BYTES);
  readonly #memory = new Uint8Array(3 * WRITE_CHARACTERS);
  readonly #bytes = new ReplyBytes((said, isFollowed) => this.#takeReply(said, isFollowed));
  #large: Uint8Array | undefined;
  /** What has not ended, in the order in which it was sent. */
  readonly #replies: UpgradedReply[] = [];
  #unsent: WireRequest[] = [];
  readonly #onRead = (count: number | null) => count === null ? this.#lastBytes() : this.#counted(this.#received.subarray(0, count));
  readonly #onReadError = (error: unknown) => this.#lastBytes(error);
  readonly #onGathered = () => {
    this.#isGathering = false;
    this.#writeMore();
  };
  #isGathering = false;
  #isWriting = false;
  #isReading = false;
  #isClosed = false;
  #hasExited = false;
  /** Whether the worker has ended, and nobody tells which calls it had done. */
  #isUntold = false;
  #writeError: unknown;

  /**
   * Connects, and asks the worker to upgrade the connection. The first requests may be sent before it has answered that.
   *
   * @param onFree Called when the last reply has ended, before its last frame is given to anybody.
   */
  constructor(target: UpgradeTarget, onFree: (connection: UpgradedConnection) => void) {
    this.#heldBack = target.heldBack;
    this.#onFree = onFree;
    this.#opened = openForUpgrade(target, { name: this.#name, onConn: (conn) => this.#hold(conn) });
    this.#upgrade = this.#opened.then(demandUpgrade);
    this.#upgrade.catch(() => this.close());
  }

  /** Whether nothing can be sent any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** How many bytes have come since the upgrade. */
  get received(): number {
    return this.#count;
  }

  /** Whether a reply waits for another one to end. */
  isBehind(reply: UpgradedReply): boolean {
    return this.#replies.indexOf(reply) > 0;
  }

  /**
   * Waits until the worker has upgraded the connection.
   *
   * @throws {RefusedError} When it does not do so.
   * @throws {BrokenReplyError} When nothing listens there, or hangs up.
   */
  async upgraded(): Promise<void> {
    await this.#upgrade;
  }

  /**
   * Sends a request behind those that have not been answered. A worker that has hung up may have said why: what cannot be written is told by the reply.
   *
   * @throws {RefusedError} When the request has an id that no worker takes.
   */
  send(request: WireRequest): UpgradedReply {
    demandCallId(request);
    if (request.files === "parts") this.#bytes.expectParts();
    const reply = new UpgradedReply(this);
    this.#replies.push(reply);
    this.#unsent.push(request);
    if (this.#unsent.length < GATHERED) this.#gather();
    else this.#writeMore();
    if (!this.#isReading) void this.#read();
    return reply;
  }

  /** Hangs up, which abandons what is under way; twice is harmless. */
  close(): void {
    this.#isClosed = true;
    this.#heldBack = undefined;
    this.#closed.resolve(undefined);
    if (this.#conn !== undefined) close(this.#conn);
  }

  #hold(conn: Deno.Conn): void {
    this.#conn = conn;
    if (this.#isClosed) throw new Deno.errors.Interrupted("It was closed while it was opened");
  }

  /** Gives up a reply. What is behind one that nobody wants is still wanted, so that its frames are read over. */
  drop(reply: UpgradedReply): void {
    if (this.#replies.every(({ isDropped }) => isDropped) && this.#replies.includes(reply)) this.close();
  }

  /** To a worker that has enough to do requests go several at once. */
  get #isWorthWriting(): boolean {
    const count = this.#unsent.length;
    return count >= GATHERED || (count > 0 && this.#replies.length - count < GATHERED);
  }

  /** Writes in a moment, for what is sent in the same one goes together. */
  #gather(): void {
    if (this.#isGathering || this.#isWriting) return;
    this.#isGathering = true;
    queueMicrotask(this.#onGathered);
  }

  #writeMore(): void {
    if (!this.#isWriting && this.#isWorthWriting) void this.#write();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    try {
      if (this.#upgrade !== undefined) await this.#opened;
      // What comes while a piece is written goes with the next one.
      while (this.#isWorthWriting) {
        if (hasParts(this.#unsent[0]!)) await writeWithParts(this.#conn!, this.#unsent.shift() as RequestWithParts);
        else {for (const part of this.#nextParts()) {
            const written = await this.#conn!.write(part);
            if (written < part.length) await writeAll(this.#conn!, part.subarray(written));
          }}
      }
    } catch (error) {
      if (error instanceof UnreadPartError) this.#fail(error.cause);
      this.#writeError = error;
      this.#unsent = [];
    }
    this.#isWriting = false;
  }

  /** The bytes of the requests that come next, as many as fit into the memory of the connection. */
  #nextParts(): Iterable<Uint8Array> {
    let text = "";
    let count = 0;
    for (; count < this.#unsent.length; count++) {
      const next = requestText(this.#unsent[count]!, WRITE_CHARACTERS / 2);
      if (next === undefined || text.length + next.length > WRITE_CHARACTERS) break;
      text += next;
    }
    if (count === 0) return largeRequest(this.#unsent.shift()!, this.#large ??= new Uint8Array(LARGE_BYTES));
    if (count === this.#unsent.length) this.#unsent = [];
    else this.#unsent.splice(0, count);
    return [this.#memory.subarray(0, UTF8.encodeInto(text, this.#memory).written)];
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    try {
      if (this.#upgrade !== undefined) this.#take(await this.#earlyBytes(this.#upgrade));
      while (this.#replies.length > 0) {
        this.#take(await this.#nextBytes());
        // A slow reader holds back the worker.
        const [first] = this.#replies;
        if (first?.isFull) await first.untilTaken();
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#isReading = false;
  }

  #take(bytes: Uint8Array): void {
    this.#bytes.take(bytes);
    const [first] = this.#replies;
    if (first !== undefined && this.#bytes.isMidFrame) first.hasBegun = true;
    this.#writeMore();
  }

  #takeReply(frame: Frame | RefusedError, isFollowed: boolean): void {
    const [reply] = this.#replies;
    const isLast = frame instanceof RefusedError || isLastFrame(frame);
    if (reply === undefined || (isLast && isFollowed && this.#replies.length === 1)) {
      throw new MalformedReplyError("It sent more after its last frame");
    }
    if (isLast) this.#replies.shift();
    if (frame instanceof RefusedError && this.#replies.length === 0) this.close();
    if (this.#replies.length === 0) this.#onFree(this);
    if (frame instanceof RefusedError) reply.fail(frame);
    else if (this.#isBehindExit(frame)) {
      reply.fail(new BrokenReplyError("The plugin had ended before it began with the call", { wasBehind: true }));
    } else reply.push(frame);
  }

  /** A worker whose plugin has ended tells each call that it has. Only the first of them can have begun, and nothing that comes after it. */
  #isBehindExit(frame: Frame): boolean {
    const isExit = "error" in frame && frame.error.code === "plugin_exit";
    const isBehind = isExit && this.#hasExited;
    this.#hasExited ||= isExit;
    return isBehind;
  }

  /**
   * The worker answers in order, and each before it begins with the next, so that it has not begun with anything behind the first. A worker that has sent
   * what is no frame may have meant it as an answer, and one that ends without its farewell may have held answers back.
   */
  #fail(error: unknown): void {
    this.close();
    const replies = this.#replies.splice(0);
    this.#onFree(this);
    const first = this.#hasExited ? undefined : replies.shift();
    const isCutShort = error instanceof BrokenReplyError && first?.hasBegun;
    first?.fail(isCutShort ? new BrokenReplyError("The reply ended before its last frame", { cause: error.cause, hasBegun: true }) : error);
    const wasBehind = !(error instanceof MalformedReplyError) && !this.#isUntold;
    for (const reply of replies) {
      reply.fail(new BrokenReplyError("The connection broke before the reply came", { cause: error, wasBehind }));
    }
  }

  /** What has come together with the answer to the request for the upgrade. */
  async #earlyBytes(upgrade: Promise<Uint8Array>): Promise<Uint8Array> {
    const early = await upgrade;
    this.#upgrade = undefined;
    return this.#counted(early);
  }

  #counted(bytes: Uint8Array): Uint8Array {
    this.#count += bytes.length;
    return bytes;
  }

  /** It has no other promises than the one of the operation that reads, for every small call waits for this. */
  #nextBytes(): Promise<Uint8Array> {
    return this.#conn!.read(this.#received).then(this.#onRead, this.#onReadError);
  }

  /** What the worker had still to send when it hung up. */
  async #lastBytes(cause?: unknown): Promise<Uint8Array> {
    const held = await this.#takeHeld();
    if (held.length > 0) return held;
    throw new BrokenReplyError("The connection broke before the reply came", { cause: this.#writeError ?? cause });
  }

  /** What the worker had still to send when it ended, but for what has come: it may have ended between sending that and noting it. */
  async #takeHeld(): Promise<Uint8Array> {
    const asked = this.#heldBack?.(this.#name);
    this.#heldBack = undefined;
    const held = await Promise.race([asked, this.#closed.promise]);
    this.#isUntold = held === "untold";
    if (held === undefined || held === "untold" || held.at > this.#count) return new Uint8Array(0);
    return UTF8.encode(held.frames).subarray(this.#count - held.at);
  }
}
