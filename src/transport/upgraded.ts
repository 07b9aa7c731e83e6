/**
 * Requests over connections that the worker has upgraded from HTTP to bare frames: what `fetch` and HTTP cost beside a small call is saved, and
 * nothing else differs.
 *
 * @module
 */
import { dial } from "../process/dial.ts";
import { isLoopback, isUnix, parseAddress } from "../protocol/address.ts";
import type { Exchange, WireRequest } from "../protocol/exchange.ts";
import type { Frame } from "../protocol/frames.ts";
import type { SendAhead, SendRequest } from "./frame_source.ts";
import { demandCallId } from "./request_line.ts";
import type { UpgradedReply } from "./upgraded_reply.ts";
import type { UpgradeTarget } from "./upgrade.ts";
import { UpgradedConnection } from "./upgraded_connection.ts";
import { demandToken, type HttpEndpoint } from "./http.ts";

/** How many connections are kept for the next requests: as many as calls that are often open at once. */
const MAX_IDLE = 16;

/** The connections to one worker. A request has one for itself until its last frame has come, but for those that are sent ahead. */
export class UpgradedTransport implements Disposable {
  readonly #target: UpgradeTarget;
  readonly #open = new Set<UpgradedConnection>();
  #idle: UpgradedConnection[] = [];
  /** Those on which requests are sent ahead, one for each lane. */
  readonly #ahead: UpgradedConnection[] = [];
  #isClosed = false;

  /**
   * Prepares for a worker that upgrades connections; nothing is sent.
   *
   * @param target How it is reached.
   */
  constructor(target: UpgradeTarget) {
    this.#target = target;
  }

  /**
   * Prepares for one that something else runs; `undefined` where it cannot be reached so from here: it has to be on this machine, and the host one that
   * opens connections by itself.
   */
  static at({ url, token = "" }: HttpEndpoint): UpgradedTransport | undefined {
    const address = parseAddress(url);
    if (typeof Deno.connect !== "function" || address === undefined || !(isUnix(address) || isLoopback(address.tcp))) return undefined;
    return new UpgradedTransport({ dial: () => dial(address), token });
  }

  /** Sends one request, and yields the frames of its reply. Aborting the signal closes its connection. */
  readonly exchange: Exchange = (request, signal) => this.#exchange(request, signal);

  /**
   * Sends a request at once. Dropping its reply closes its connection.
   *
   * @throws {RefusedError} When the request has an id, or the transport a token, that no worker takes.
   */
  readonly sendAlone: SendRequest = (request) => this.#send(request);

  /**
   * Sends a request at once, behind those that were sent to the same lane and have not been answered. The worker answers them in order.
   *
   * @throws {RefusedError} When the request has an id, or the transport a token, that no worker takes.
   */
  readonly sendAhead: SendAhead = (request, lane) => {
    const open = this.#ahead[lane];
    const connection = open === undefined || open.isClosed ? this.#ahead[lane] = this.#connect() : open;
    return connection.send(request);
  };

  /**
   * Opens a connection ahead of the first request.
   *
   * @throws {RefusedError} When the worker upgrades none.
   * @throws {BrokenReplyError} When it cannot be reached so.
   */
  async prepare(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const connection = this.#connect();
    const hangUp = () => connection.close();
    signal.addEventListener("abort", hangUp, { once: true });
    try {
      await connection.upgraded();
      this.#keep(connection);
    } catch (error) {
      this.#keep(connection);
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener("abort", hangUp);
    }
  }

  /** Closes the connections. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const connection of this.#open) connection.close();
    this.#open.clear();
    this.#idle = [];
  }

  async *#exchange(request: WireRequest, signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    signal.throwIfAborted();
    const reply = this.#send(request);
    const hangUp = () => reply.drop(signal.reason);
    signal.addEventListener("abort", hangUp, { once: true });
    try {
      yield* reply;
    } finally {
      signal.removeEventListener("abort", hangUp);
      reply.drop();
    }
  }

  #send(request: WireRequest): UpgradedReply {
    demandCallId(request);
    return (this.#idle.pop() ?? this.#connect()).send(request);
  }

  #connect(): UpgradedConnection {
    demandToken(this.#target.token);
    const connection = new UpgradedConnection(this.#target, (free) => this.#keep(free));
    this.#open.add(connection);
    if (this.#isClosed) connection.close();
    return connection;
  }

  /** Keeps a connection without a request for the next one. */
  #keep(connection: UpgradedConnection): void {
    if (!connection.isClosed && this.#ahead.includes(connection)) return;
    if (!connection.isClosed && this.#open.has(connection) && this.#idle.length < MAX_IDLE) return void this.#idle.push(connection);
    this.#open.delete(connection);
    connection.close();
  }
}
